"""LAMMPS in this process: order and orientation of arrays, minimisation, dynamics, what failures say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from tqdm import tqdm

from bosonpeak.materials import lammps, potentials
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.lammps import LammpsError, Session
from bosonpeak.vibrations import hessian

CU_ZR = potentials.get("cu-zr-mendelev-2009")
LJ = potentials.get("lennard-jones")


def crystal(cells=3, noise=0.05, seed=1, skew=0.0):
    rng = np.random.default_rng(seed)
    atoms = bulk("Cu", "fcc", 3.8, cubic=True).repeat(cells)
    atoms.symbols = rng.choice(["Cu", "Zr"], len(atoms))
    atoms.positions += rng.normal(0, noise, atoms.positions.shape)
    cell = atoms.cell.array @ (np.eye(3) + skew * np.array([[0, 0.3, -0.2], [0.1, 0, 0.4], [0.2, -0.5, 0]]))
    atoms.set_cell(cell, scale_atoms=True)
    return atoms


def test_forces_are_a_view_while_the_order_is_kept():
    with Session(crystal(), CU_ZR) as session:
        _, first = session.evaluate()
        assert not first.flags.owndata
        _, second = session.evaluate(crystal(seed=2, noise=0.1).positions)
        assert np.shares_memory(first, second)
        assert abs(second).max() > 0


def test_forces_keep_the_order_of_the_atoms_after_dynamics():
    atoms = crystal(3)
    with Session(atoms, CU_ZR, ordered=False) as session:
        session.thermalise(900.0, 3)
        session.dynamics(600, 0.002, "nve")
        now = session.atoms()
        energy, forces = session.evaluate()
        assert (now.numbers == atoms.numbers).all()
        assert energy == pytest.approx(hessian.energy(now, CU_ZR), rel=1e-10)
        np.testing.assert_allclose(forces, hessian.forces(now, CU_ZR), atol=1e-8)


@pytest.mark.parametrize("skew", [1e-4, 0.2, -0.2])
def test_forces_of_a_triclinic_cell_come_back_in_its_own_frame(skew):
    atoms = crystal(3, skew=skew)
    with Session(atoms, CU_ZR) as session:
        energy, forces = session.evaluate()
        assert energy == pytest.approx(hessian.energy(atoms, CU_ZR), rel=1e-10)
        np.testing.assert_allclose(forces, hessian.forces(atoms, CU_ZR), atol=1e-9)
        shift = session.atoms().get_positions() - atoms.get_positions()
        shift = shift @ np.linalg.inv(atoms.cell.array)
        np.testing.assert_allclose(shift, np.round(shift), atol=1e-12)


@pytest.mark.parametrize("method", ["cg", "fire"])
def test_a_minimum_is_flagged_by_its_largest_force(method):
    with Session(crystal(), CU_ZR) as session:
        before, _ = session.evaluate()
        found = session.minimise(1e-7, method)
        energy, forces = session.evaluate()
        assert found.converged and found.max_force == pytest.approx(abs(forces).max(), abs=1e-9)
        assert found.max_force <= 1e-7 and energy == pytest.approx(found.energy, rel=1e-12) and energy < before


def test_a_tolerance_that_was_not_reached_is_said_not_hidden():
    with Session(crystal(), CU_ZR) as session:
        found = session.minimise(1e-9, max_steps=2)
        assert not found.converged and found.max_force > 1e-9
        with pytest.raises(ValueError, match="unknown minimiser 'newton': cg or fire"):
            session.minimise(1e-6, "newton")


def test_zero_pressure_by_scaling_the_cell_and_no_kinetic_part_in_it():
    with Session(crystal(), CU_ZR) as session:
        session.thermalise(1500.0, 1)
        found = session.minimise(1e-8, relax_box=True)
        assert found.converged and abs(session.thermo("press")) < 10  # bar; the moduli are 1e6
        atoms = session.atoms()
    # pressure in bar from a difference of energies at two volumes
    strain, volume = 1e-4, atoms.cell.volume
    energies = []
    for sign in (1, -1):
        scaled = atoms.copy()
        scaled.set_cell(atoms.cell.array * (1 + sign * strain), scale_atoms=True)
        energies.append(hessian.energy(scaled, CU_ZR))
    pressure = -(energies[0] - energies[1]) / (6 * strain * volume) * 1.602176634e6
    assert abs(pressure) < 30


def test_dynamics_conserves_energy_and_moves_the_bar():
    with Session(crystal(), CU_ZR) as session, tqdm(total=1000, disable=True) as bar:
        session.thermalise(600.0, 7)
        session.commands("run 0")
        before = session.thermo("etotal")
        session.dynamics(1000, 0.001, "nve", bar=bar)
        assert session.thermo("etotal") == pytest.approx(before, abs=2e-3 * len(session) * 1e-1)
        assert session.thermo("step") == 1000


def test_dynamics_in_pieces_of_one_call_is_one_run(monkeypatch):
    ends = []
    for pieces in (1, 4):
        with Session(crystal(), CU_ZR) as session:
            session.thermalise(600.0, 7)
            if pieces == 1:
                session.commands("timestep 0.002", "fix dynamics all nvt temp 600 300 0.2", "run 400")
            else:
                session.dynamics(400, 0.002, "nvt temp 600 300 0.2", span=(0, 400))
            ends.append(session.atoms().positions)
    np.testing.assert_array_equal(ends[0], ends[1])


def test_failures_name_the_last_error_and_keep_the_log():
    with Session(crystal(), CU_ZR) as session, pytest.raises(LammpsError) as caught:
        session.commands("fix wrong all no/such/style")
    message = str(caught.value)
    assert "no/such/style" in message and "ERROR" in message
    log = Path(re.search(r"log is kept: (.+)\)", message)[1])
    assert "no/such/style" in log.read_text()
    log.unlink()


def test_logs_of_sessions_that_went_well_are_removed(tmp_path):
    with Session(crystal(), CU_ZR) as session:
        log = session._log
        assert log.exists()
    assert not log.exists()
    with Session(crystal(), CU_ZR, log=tmp_path / "run.log") as session:
        session.evaluate()
    assert "Cu-Zr_2.eam.fs" in (tmp_path / "run.log").read_text()


def test_structures_that_cannot_be_simulated_are_refused():
    with pytest.raises(ValueError, match="has no Al"):
        Session(Atoms("Al", cell=[5, 5, 5], pbc=True), CU_ZR)
    with pytest.raises(ValueError, match="periodic in all three"):
        Session(Atoms("Cu", cell=[5, 5, 5], pbc=[1, 1, 0]), CU_ZR)
    broken = crystal()
    broken.positions[7, 1] = np.nan
    with pytest.raises(ValueError, match=r"atom 7 is.*nan"):
        Session(broken, CU_ZR)
    twice = crystal()
    twice.positions[9] = twice.positions[4] + [0, 0, 0.003]
    with pytest.raises(ValueError, match=r"atoms 4 and 9 overlap, 0.003 apart"):
        Session(twice, CU_ZR)
    with pytest.raises(ValueError, match="no volume"):
        Session(Atoms("Cu", pbc=True), CU_ZR)


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        # not what MPI in this process left in its own environment
        env={"PATH": os.environ["PATH"], **environment},
        timeout=120,
    )


def test_without_its_mpi_library_the_message_says_what_to_install():
    result = run_python(
        "import sys; sys.prefix = sys.base_prefix = '/nowhere'\n"
        "from bosonpeak.materials.lammps import _library, LammpsError\n"
        "try: _library()\n"
        "except LammpsError as error: print(error)"
    )
    assert "libmpi" in result.stdout and "make setup" in result.stdout, result.stderr


def test_variables_left_by_a_launcher_do_not_stop_it():
    code = "from bosonpeak.materials.lammps import _library; print(_library().__name__)"
    result = run_python(code, PMI_RANK="1", PMI_SIZE="2", PMI_FD="7", HYDRA_BSTRAP="x")
    assert result.stdout.strip() == "lammps", result.stderr


def held(session):
    """Whether the session's energy is the one of the structure that it hands out, through its own and our code."""
    now = session.atoms()
    energy = session.thermo("pe")
    again, _ = session.evaluate(now.positions)
    ours = hessian.energy(now, session.potential)
    return again == pytest.approx(energy, rel=1e-10) and ours == pytest.approx(energy, rel=1e-10)


@pytest.mark.parametrize("skew", [0.0, 0.2])
@pytest.mark.parametrize("factor", [0.9, 1.05])
def test_positions_belong_to_the_cell_as_it_is_after_a_relaxation(skew, factor):
    # on a lattice of one element: atoms on the faces of the cell would be wrapped by the cell that was
    atoms = crystal(3, noise=0.02, skew=skew)
    atoms.set_cell(atoms.cell.array * factor, scale_atoms=True)
    with Session(atoms, CU_ZR) as session:
        assert session.minimise(1e-4, relax_box=True).converged
        assert abs(session.atoms().cell.volume / atoms.cell.volume - 1) > 0.05
        session.evaluate()
        assert held(session)


@pytest.mark.parametrize("skew", [0.0, 0.15])
def test_positions_belong_to_the_cell_as_it_is_after_dynamics_at_constant_pressure(tmp_path, skew):
    atoms = crystal(3, skew=skew)
    with Session(atoms, CU_ZR, ordered=False) as session:
        session.thermalise(1500.0, 5)
        session.dynamics(800, 0.002, "npt temp 1500 1500 0.2 iso 0 0 2")
        session.evaluate()
        assert abs(session.atoms().cell.volume / atoms.cell.volume - 1) > 1e-3
        assert held(session)
        session.write_restart(tmp_path / "state")
        energy = session.evaluate()[0]
    # the structure that is given with a restart file is the one of the beginning
    with Session(atoms, CU_ZR, restart=tmp_path / "state") as session:
        assert session.evaluate()[0] == pytest.approx(energy, rel=1e-12)
        assert held(session)


def test_a_relaxed_triclinic_cell_keeps_its_shape():
    atoms = crystal(3, skew=0.2)
    with Session(atoms, CU_ZR) as session:
        found = session.minimise(1e-4, relax_box=True)
        relaxed = session.atoms()
    assert found.converged and abs(found.pressure) < 1
    # lengths change by one factor, and angles not at all
    np.testing.assert_allclose(relaxed.cell.angles(), atoms.cell.angles(), atol=1e-8)
    ratio = relaxed.cell.lengths() / atoms.cell.lengths()
    assert np.ptp(ratio) < 1e-10 and abs(ratio[0] - 1) > 1e-3


@pytest.mark.parametrize("factor", [0.85, 0.95, 1.15])
def test_zero_pressure_is_reached_from_far_away(factor):
    # the lattice constant of copper under this potential is 3.6391 A
    atoms = bulk("Cu", "fcc", 3.6391, cubic=True).repeat(3)
    atoms.set_cell(atoms.cell.array * factor, scale_atoms=True)
    with Session(atoms, CU_ZR) as session:
        found = session.minimise(1e-6, relax_box=True)
        assert found.converged and abs(found.pressure) < 1
        assert session.atoms().cell[0, 0] / 3 == pytest.approx(3.6391, abs=1e-4)


def test_a_pressure_that_is_left_is_said_not_hidden(monkeypatch):
    atoms = bulk("Cu", "fcc", 3.2, cubic=True).repeat(3)
    monkeypatch.setattr(lammps, "SCALINGS", 3)
    with pytest.raises(RuntimeError, match=r"kept a pressure of \d.*its edges would have to change"):
        inherent_structure(atoms, CU_ZR, 1e-6, relax_box=True)


@pytest.mark.parametrize(
    "positions", [np.zeros((5, 3)), np.zeros((300, 3)), np.zeros(324), np.full((108, 3), np.nan)], ids=str
)
def test_positions_of_another_shape_are_refused(positions):
    with Session(crystal(3), CU_ZR) as session:
        before, _ = session.evaluate()
        with pytest.raises(ValueError, match=r"given to 108 atoms: give finite numbers of the shape \(108, 3\)"):
            session.evaluate(positions)
        assert session.evaluate()[0] == before


def test_masses_of_isotopes_move_slower_and_come_back():
    atoms = crystal(3)
    atoms.set_masses(np.where(atoms.numbers == 29, 4 * 63.546, 4 * 91.224))
    with Session(atoms, CU_ZR) as session:
        session.thermalise(600.0, 1)
        heavy = session.atoms()
        speed = abs(session._gather("v")).mean()
    np.testing.assert_array_equal(heavy.get_masses(), atoms.get_masses())
    natural = crystal(3)
    with Session(natural, CU_ZR) as session:
        session.thermalise(600.0, 1)
        # equal temperature: v goes as m^-1/2
        assert abs(session._gather("v")).mean() == pytest.approx(2 * speed, rel=1e-6)
    mixed = atoms.get_masses()
    mixed[:5] = 10.0
    atoms.set_masses(mixed)
    # a minimum does not depend on masses
    np.testing.assert_array_equal(inherent_structure(atoms, CU_ZR, 1e-4).get_masses(), mixed)
    with Session(atoms, CU_ZR) as session, pytest.raises(ValueError, match="one mass per element"):
        session.thermalise(600.0, 1)


def test_what_cannot_be_honoured_is_refused():
    atoms = crystal(3)
    atoms.set_constraint(FixAtoms(range(10)))
    for entry in (Session, hessian.energy, hessian.dynamical_matrix, inherent_structure):
        with pytest.raises(ValueError, match=r"constraints \(FixAtoms\)"):
            entry(atoms, CU_ZR)
    for entry in (Session, hessian.forces, inherent_structure):
        with pytest.raises(ValueError, match="no atoms"):
            entry(Atoms(cell=[9, 9, 9], pbc=True), CU_ZR)


def test_arrays_of_the_structure_come_back():
    atoms = crystal(3)
    atoms.set_tags(np.arange(len(atoms)))
    atoms.set_momenta(np.ones((len(atoms), 3)))
    atoms.info["note"] = "of the start"
    found = inherent_structure(atoms, CU_ZR, 1e-4)
    np.testing.assert_array_equal(found.get_tags(), atoms.get_tags())
    # what describes the start does not describe the minimum
    assert not found.has("momenta") and "note" not in found.info
