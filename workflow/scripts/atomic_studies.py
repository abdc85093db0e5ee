"""Studies of single atoms: networks on g_i(r), SOAP, messages, transfer, the height as a field (tao-2023).

They are studies of learn.py. SOAP needs dscribe, which the extra "descriptors" of pyproject.toml names; the others need
what the book needs. All of them learn log10 of I_BP^i in (rad/ps)^-3, and distances are in A.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from ase import Atoms
from matscipy.neighbours import neighbour_list
from tqdm.auto import tqdm

from bosonpeak.archive.glasses import load
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.learning.evaluation import baseline, grouped_folds
from bosonpeak.learning.regression import Network, Trained, grouped_split, train
from bosonpeak.materials.potentials import get
from bosonpeak.papers.tao_2023.atoms import SIGMA, AtomicRows, R, atomic_rows, within_elements
from bosonpeak.papers.tao_2023.descriptors import SHELL, atomic_inputs
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.local_peaks import peaks_by_modes
from bosonpeak.vibrations.modes import normal_modes

SEED, FOLDS, UNSEEN = 2023, 5, 0.2
"""Of folds and splits; share of the parent liquids that the network does not see, as in the study "atoms"."""
SOAPS = {"SOAP, coarse": (8, 6, 0.4), "SOAP, fine": (12, 4, 0.2)}
"""Numbers of radial and of angular functions, and standard deviation of the Gaussian of each neighbour in A."""
CURVE = (4, 8, 16, 32)
"""Numbers of parent liquids at which the learning curve is measured, besides all."""
REACH, EDGES, ROUNDS, NEURONS = 5.0, 28_000, 3, 32
"""A neighbour is an atom within REACH; so many pairs of neighbours a glass has at most. Messages are passed in ROUNDS,
between vectors of NEURONS numbers."""
EPOCHS, PATIENCE, REPEATS = 80, 15, 3
WIDTHS, READ = (0.5, 0.7, 1.4), 6
"""rad/ps: widths under which the heights of the atoms of so many glasses are read again."""
ATOM_CUTOFFS = (3.0, 4.0, 5.0, 6.0, 6.9, 8.0, 9.0, 12.0)
"""Distances in A up to which the neighbours of an atom are seen."""
NETWORK = Network(batch=256, epochs=300, patience=30)
"""For tens of thousands of atoms: an epoch has as many steps as a hundred of the samples'."""


def structures_of(table: xr.Dataset):
    """The glasses of a table of structures as ase.Atoms."""
    for number, position, cell in zip(table.number.values, table.position.values, table.cell.values, strict=True):
        yield Atoms(number, position, cell=[float(cell)] * 3, pbc=True)


def ridge_by_element(x, rows: AtomicRows, trained, asked) -> np.ndarray:
    """Predictions for the atoms `asked` by ridge regression on the inputs x (n, p), one model for each element."""
    found = np.full(len(rows.target), np.nan)
    for z in np.unique(rows.number):
        learned, wanted = trained & (rows.number == z), asked & (rows.number == z)
        found[wanted] = baseline("ridge").fit(x[learned].astype(float), rows.target[learned]).predict(x[wanted])
    return found[asked]


def own_channels(rows: AtomicRows, reach: float | None = None) -> np.ndarray:
    """The two channels of g_i(r) around the atom's own element, (n, 2 K), as far as `reach`."""
    second = rows.number == rows.number.max()
    channels = rows.inputs.reshape(len(rows.target), 2, 2, -1)[..., rows.r <= (reach or np.inf) + 1e-9]
    return channels[np.arange(len(channels)), second.astype(int)].reshape(len(channels), -1)


def cut_rows(rows: AtomicRows, r_cut: float) -> AtomicRows:
    """The same atoms, which see no farther than r_cut (A). Raises ValueError if that leaves no shell."""
    if r_cut < rows.r[0]:
        raise ValueError(f"r_cut = {r_cut} A leaves no shell: the first lies at {rows.r[0]:g} A")
    inside = np.tile(r_cut + 1e-9 >= rows.r, 4)
    return replace(rows, inputs=np.where(inside, rows.inputs, np.float32(0)))


@dataclass(frozen=True)
class AtomicPrediction:
    """Predictions for the atoms of parents that no network saw.

    Attributes
    ----------
    unseen : array of bool, shape (n,)
        True for these m atoms.
    predicted, true : array, shapes (repeats, m) and (m,)
        log10 of I_BP^i.
    trained : Trained
        The networks.
    """

    unseen: np.ndarray
    predicted: np.ndarray
    true: np.ndarray
    trained: Trained


def predict_atoms(
    rows: AtomicRows, network: Network = NETWORK, repeats: int = 3, share: float = 0.2, seed: int = 2023,
    shuffled: bool = False, progress: bool = False,
) -> AtomicPrediction:  # fmt: skip
    """Train on the atoms of some parents and predict those of the others (tao-2023: nine glasses and one).

    Parameters
    ----------
    rows : AtomicRows
    network : Network
    repeats : int
        Number of trainings.
    share : float
        Share of the parents that are not seen.
    seed : int
        Of the parents that are not seen, and of the weights.
    shuffled : bool
        Whether to train on targets of other atoms, as a control.
    progress : bool
        Whether to show a bar of epochs.

    Returns
    -------
    AtomicPrediction

    Raises
    ------
    ValueError
        As `regression.train` and `regression.grouped_split`.
    """
    unseen = grouped_split(rows.parent, share, seed)
    target = rows.target[~unseen]
    if shuffled:
        target = np.random.default_rng(seed).permutation(target)
    trained = train(rows.inputs[~unseen], target, rows.parent[~unseen], network, repeats, seed, progress, "atoms")
    return AtomicPrediction(unseen, trained.predict(rows.inputs[unseen]), rows.target[unseen], trained)


@method("learning-atoms", version=1)
def networks(table: xr.Dataset, folder=None) -> xr.Dataset:
    """Heights of the atoms of unseen parents by networks on g_i(r), and errors by how far the networks see."""
    rows = atomic_rows(table)
    found = {
        name: predict_atoms(rows, seed=SEED, shuffled=name == "shuffled", progress=True)
        for name in ("predicted", "shuffled")
    }
    unseen = found["predicted"].unseen
    samples = np.unique(rows.sample[unseen])
    data = xr.Dataset(
        {name: (("repeat", "unseen"), f.predicted.astype("f4")) for name, f in found.items()}
        | {
            "true": ("unseen", found["predicted"].true),
            "number": ("unseen", rows.number[unseen]),
            "parent": ("unseen", rows.parent[unseen]),
            "sample": ("unseen", rows.sample[unseen]),
        }
    )
    errors = []
    for cutoff in ATOM_CUTOFFS:
        near = predict_atoms(cut_rows(rows, cutoff), seed=SEED, progress=True)
        error = abs(near.predicted - near.true)
        errors.append([error[:, rows.sample[unseen] == s].mean(axis=1) for s in samples])
    data["cutoff_error"] = (("cutoff", "unseen_sample", "repeat"), np.array(errors))
    # the key of its recipe finds a glass in a table that has grown as well
    data["unseen_key"] = "unseen_sample", table.key.values[samples]
    data["key"] = "structure", table.key.values
    data = data.assign_coords(cutoff=list(ATOM_CUTOFFS), unseen_sample=samples).merge(
        found["predicted"].trained.table()
    )
    return data.assign_attrs(found["predicted"].trained.table().attrs, unit="log10 of I_BP^i in (rad/ps)^-3")


@method("learning-soap", version=1)
def soap(table: xr.Dataset, folder=None) -> xr.Dataset:
    """Heights of atoms by ridge regression on SOAP and on g_i(r), out of fold, and their learning curves.

    Returns
    -------
    xarray.Dataset
        `predicted` (input, atom), `true`, `number`, `parent` (atom); `curve` (input, count): the correlation within
        elements for unseen parents, against the number of parents trained on.
    """
    from dscribe.descriptors import SOAP

    rows, inputs = atomic_rows(table), {}
    inputs |= {f"g(r) to {reach:g} A": own_channels(rows, reach) for reach in (SHELL, 12.0)}
    for name, (radial, angular, sigma) in SOAPS.items():
        options = {"r_cut": SHELL, "n_max": radial, "l_max": angular, "sigma": sigma}
        made = SOAP(species=["Cu", "Zr"], periodic=True, dtype="float32", **options)
        every = tqdm(structures_of(table), name, table.sizes["sample"], unit="glass")
        inputs[name] = np.concatenate([made.create(atoms) for atoms in every])
    near, finest = (inputs[name] for name in ("g(r) to 6.9 A", "SOAP, fine"))
    inputs["both"] = np.concatenate([near, finest], axis=1)
    fold, predicted, curve = grouped_folds(rows.parent, FOLDS, SEED), [], []
    unseen = grouped_split(rows.parent, UNSEEN, SEED)
    order = np.random.default_rng(SEED).permutation(np.unique(rows.parent[~unseen]))
    counts = [*(n for n in CURVE if n < len(order)), len(order)]
    for name, x in inputs.items():
        out = np.empty(len(rows.target))
        for k in tqdm(range(FOLDS), name, unit="fold"):
            out[fold == k] = ridge_by_element(x, rows, fold != k, fold == k)
        predicted.append(out)
        some = (ridge_by_element(x, rows, np.isin(rows.parent, order[:n]), unseen) for n in counts)
        curve.append([within_elements(rows.target[unseen], each, rows.number[unseen]) for each in some])
    return xr.Dataset(
        {
            "predicted": (("input", "atom"), np.array(predicted, "f4")),
            "true": ("atom", rows.target.astype("f4")),
            "number": ("atom", rows.number.astype("i2")),
            "parent": ("atom", rows.parent.astype("i4")),
            "curve": (("input", "count"), curve),
        },
        {"input": list(inputs), "count": counts},
    )


def graph(atoms: Atoms) -> dict[str, np.ndarray]:
    """Elements (1, N), pairs of neighbours (1, EDGES, 2) and their distances (1, EDGES) of a glass.

    The list is filled up with pairs of an atom that does not exist. Raises ValueError if a glass has more pairs.
    """
    i, j, d = neighbour_list("ijd", atoms, REACH)
    if len(i) > EDGES:
        raise ValueError(f"a glass has {len(i)} pairs of neighbours: {EDGES} are provided for")
    pairs, distance = np.full((1, EDGES, 2), len(atoms), "i4"), np.full((1, EDGES), REACH, "f4")
    pairs[0, : len(i)], distance[0, : len(i)] = np.stack([i, j], axis=1), d
    return {"element": (atoms.numbers == atoms.numbers.max()).astype("i4")[None], "pairs": pairs, "distance": distance}


def network(n_atoms: int):
    """A network that passes messages between the atoms of one glass; its output (1, N) is the height of each."""
    from bosonpeak.learning.training import keras

    layers, ops = keras.layers, keras.ops

    centres = np.linspace(2.0, REACH, 16).astype("f4")
    shapes = {"element": (n_atoms,), "pairs": (EDGES, 2), "distance": (EDGES,)}
    kinds = {"element": "int32", "pairs": "int32", "distance": "float32"}
    inputs = {name: keras.Input(shape, name=name, dtype=kinds[name]) for name, shape in shapes.items()}

    def passed(state, message, to):
        # the last row collects the pairs that only fill up the list
        summed = ops.slice(ops.segment_sum(message[0], to, n_atoms + 1), (0, 0), (n_atoms, NEURONS))
        summed = ops.expand_dims(summed, 0) / 5.0
        return state + layers.Dense(NEURONS, "swish")(ops.concatenate([state, summed], -1))

    to, other = inputs["pairs"][0, :, 0], inputs["pairs"][0, :, 1]
    bond = ops.exp(-(((ops.expand_dims(inputs["distance"], -1) - centres) / 0.2) ** 2))
    state = layers.Embedding(2, NEURONS)(inputs["element"])
    for _ in range(ROUNDS):
        padded = ops.pad(state[0], ((0, 1), (0, 0)))
        ends = [ops.expand_dims(ops.take(padded, which, 0), 0) for which in (to, other)]
        state = passed(state, layers.Dense(NEURONS, "swish")(ops.concatenate([*ends, bond], -1)), to)
    out = layers.Dense(1)(layers.Dense(NEURONS, "swish")(state))[..., 0]
    model = keras.Model(inputs, out)
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    return model


def train_network(graphs, scaled, trained, checked, seed: int, desc: str):
    """A network that was trained on some glasses, with the weights of its least error on others, and the errors."""
    from bosonpeak.learning.training import keras

    keras.utils.set_random_seed(seed)
    model, best, rng, error = network(scaled.shape[1]), (np.inf, None), np.random.default_rng(seed), []
    with tqdm(range(EPOCHS), desc, unit="epoch") as bar:
        for epoch in bar:
            # the steps become smaller towards the end
            model.optimizer.learning_rate = 3e-3 * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS)) + 1e-5
            for k in rng.permutation(trained):
                model.train_on_batch(graphs[k], scaled[k : k + 1])
            error.append(np.mean([(model.predict_on_batch(graphs[k]) - scaled[k]) ** 2 for k in checked]))
            bar.set_postfix(error=f"{error[-1]:.3f}")
            best = min(best, (error[-1], model.get_weights()), key=lambda pair: pair[0])
            if epoch - int(np.argmin(error)) >= PATIENCE:
                break
    model.set_weights(best[1])
    return model, np.pad(error, (0, EPOCHS - len(error)), constant_values=np.nan)


@method("learning-messages", version=1)
def messages(table: xr.Dataset, folder=None) -> xr.Dataset:
    """Heights of the atoms of unseen parents by networks that pass messages between neighbours.

    Returns
    -------
    xarray.Dataset
        `predicted` (repeat, unseen), `true`, `number` and `parent` (unseen); `error` (repeat, epoch) on the parents
        held back; `curve` (count), the correlation within elements of one network, against the number of parents that
        it was trained on.
    """
    graphs, height = [graph(atoms) for atoms in structures_of(table)], np.log10(table.atomic_intensity.values)
    n_atoms, parent = height.shape[1], table.seed.values
    # the parents that the study "atoms" does not see either
    unseen = grouped_split(parent, UNSEEN, SEED)
    seen, number = np.flatnonzero(~unseen), table.number.values[unseen].ravel()
    centre, scale, true = height[seen].mean(), height[seen].std(), height[unseen].ravel()
    scaled, predicted, errors, curve = ((height - centre) / scale).astype("f4"), [], [], {}

    def asked(model):
        return centre + scale * np.concatenate([model.predict_on_batch(graphs[k])[0] for k in np.flatnonzero(unseen)])

    for repeat in range(REPEATS):
        held = grouped_split(parent[seen], 0.15, SEED + repeat)
        trained = train_network(graphs, scaled, seen[~held], seen[held], SEED + repeat, f"network {repeat + 1}")
        predicted.append(asked(trained[0]))
        errors.append(trained[1])
        if repeat == 0:
            order = np.random.default_rng(SEED).permutation(np.unique(parent[seen[~held]]))
            for count in (n for n in CURVE if n < len(order)):
                few = np.isin(parent, order[:count])
                model, _ = train_network(graphs, scaled, np.flatnonzero(few), seen[held], SEED, f"{count} parents")
                curve[count] = within_elements(true, asked(model), number)
            curve[len(order)] = within_elements(true, predicted[0], number)
    return xr.Dataset(
        {
            "predicted": (("repeat", "unseen"), np.array(predicted, "f4")),
            "true": ("unseen", true.astype("f4")),
            "number": ("unseen", number),
            "parent": ("unseen", np.repeat(parent[unseen], n_atoms)),
            "error": (("repeat", "epoch"), np.array(errors, "f4")),
            "curve": ("count", [*curve.values()]),
        },
        {"count": [*curve]},
    )


@method("learning-ceiling", version=1)
def ceiling(table: xr.Dataset, folder=None) -> xr.Dataset:
    """How far the height of an atom depends on how it is read: under Gaussians of other widths.

    Returns
    -------
    xarray.Dataset
        `r` (sample, width): correlation within elements of log10 of I_BP^i under a width in rad/ps and under that of
        the table, for a few of its glasses.
    """
    few = table.isel(sample=np.linspace(0, table.sizes["sample"] - 1, READ).astype(int))
    potential, found = get(table.attrs["potential"]), []
    for s, atoms in enumerate(tqdm(structures_of(few), "widths", READ, unit="glass")):
        modes = normal_modes(dynamical_matrix(atoms, potential))
        true = np.log10(few.atomic_intensity.values[s])
        each = (np.log10(peaks_by_modes(modes, width)[0]) for width in WIDTHS)
        found.append([within_elements(true, other, atoms.numbers) for other in each])
    return xr.Dataset({"r": (("sample", "width"), found)}, {"width": ("width", list(WIDTHS), {"units": "rad/ps"})})


@method("learning-transfer", version=1)
def transfer(table: xr.Dataset, folder=None) -> xr.Dataset:
    """How well models of the atoms of this table predict those of glasses of another potential, composition or size.

    The other glasses are all those of Cu and Zr whose atoms' peaks the archive holds.

    Returns
    -------
    xarray.Dataset
        `r` (glass): correlation within elements; `among` (glass): the same by models of the other glasses themselves
        whose seed differs, so that what the potential allows is known; `spread` (glass): standard deviation of the
        true values within elements; `n_atoms` and `cooling_rate` (glass). `own` and `own_spread`: correlation and
        standard deviation for this table, in folds of parents.
    """
    rows, others, about = atomic_rows(table), [], {}
    shipped = shipped_results("local")
    for name in tqdm([n for n in shipped if n.startswith("Cu")], "other glasses", unit="glass"):
        glass, _, route = name.rpartition("-")
        if route != "modes" and f"{glass}-modes" in shipped:
            continue
        atoms, local = load(glass), load_result("local", name)
        asked, height = local.atom.values, local.intensity.values.astype(float) * len(atoms)
        inputs, number = atomic_inputs(atoms, R, SIGMA)[asked].astype("f4"), atoms.numbers[asked]
        which, recipe = np.full(len(asked), len(about)), atoms.info["recipe"]
        others.append((inputs, np.log10(height), np.full(len(asked), recipe["seed"]), number, which))
        about[glass] = len(atoms), recipe["cooling_rate"]
    other = AtomicRows(*map(np.concatenate, zip(*others, strict=True)), R)
    everything = AtomicRows(
        np.concatenate([rows.inputs, other.inputs]),
        # heights of atoms are shares of that of a glass
        np.concatenate([rows.target + np.log10(table.sizes["atom"]), other.target]),
        np.concatenate([rows.parent, -other.parent]),
        np.concatenate([rows.number, other.number]),
        np.concatenate([np.full(len(rows.target), -1), other.sample]),
        R,
    )
    x, here = own_channels(everything, SHELL), everything.sample < 0
    guess, among = np.empty((2, len(here)))
    fold = np.append(grouped_folds(rows.parent, FOLDS, SEED), np.full((~here).sum(), -1))
    for k in range(FOLDS):
        guess[fold == k] = ridge_by_element(x, everything, here & (fold != k), fold == k)
    guess[~here] = ridge_by_element(x, everything, here, ~here)
    for parent in np.unique(other.parent):
        asked = everything.parent == -parent
        among[asked] = ridge_by_element(x, everything, ~here & ~asked, asked)
    found = {"r": [], "among": [], "spread": []}
    for k in range(-1, len(about)):
        own = everything.sample == k
        true, number = everything.target[own], everything.number[own]
        found["r"].append(within_elements(true, guess[own], number))
        found["among"].append(within_elements(true, among[own], number) if k >= 0 else np.nan)
        found["spread"].append(_spread(true, number))
    n_atoms, rates = zip(*about.values(), strict=True)
    data = xr.Dataset({name: ("glass", values[1:]) for name, values in found.items()}, {"glass": [*about]})
    data["n_atoms"], data["cooling_rate"] = ("glass", [*n_atoms]), ("glass", [*rates])
    data["own"], data["own_spread"] = found["r"][0], found["spread"][0]
    return data


def _spread(true, number) -> float:
    return float(np.mean([true[number == z].std(ddof=1) for z in np.unique(number)]))


@method("learning-field", version=1)
def field(table: xr.Dataset, folder=None) -> xr.Dataset:
    """How the heights of atoms, and what is predicted of them, are correlated in space.

    Returns
    -------
    xarray.Dataset
        `correlation` (kind, sample, r) of the deviations from the mean of the element, over their variance: of the true
        values, of the predictions by ridge regression on g_i(r) in folds of parents ("predicted"), and of what these
        leave open ("residual"). `length`: the distance in A beyond which the mean of the first stays below 0.05.
    """
    rows = atomic_rows(table)
    x, fold = own_channels(rows, SHELL), grouped_folds(rows.parent, FOLDS, SEED)
    guess, edges = np.empty(len(rows.target)), np.arange(2.0, 12.51, 0.5)
    for k in range(FOLDS):
        guess[fold == k] = ridge_by_element(x, rows, fold != k, fold == k)
    found = np.empty((3, table.sizes["sample"], len(edges) - 1))
    for s, atoms in enumerate(tqdm(structures_of(table), "fields", table.sizes["sample"], unit="glass")):
        own = rows.sample == s
        i, j, d = neighbour_list("ijd", atoms, edges[-1])
        pairs = np.histogram(d, edges)[0]
        for kind, values in enumerate((rows.target[own], guess[own], rows.target[own] - guess[own])):
            for z in np.unique(atoms.numbers):
                values = np.where(atoms.numbers == z, values - values[atoms.numbers == z].mean(), values)
            found[kind, s] = np.histogram(d, edges, weights=values[i] * values[j])[0] / pairs / values.var()
    middles = (edges[1:] + edges[:-1]) / 2
    return xr.Dataset(
        {
            "correlation": (("kind", "sample", "r"), found.astype("f4")),
            "length": middles[np.flatnonzero(found[0].mean(axis=0) >= 0.05)[-1] + 1],
        },
        {"kind": ["true", "predicted", "residual"], "r": ("r", middles, {"units": "A"})},
    )


STUDIES = {
    "atoms": networks,
    "soap": soap,
    "messages": messages,
    "ceiling": ceiling,
    "transfer": transfer,
    "field": field,
}
