"""Files of numbers are read quickly, and as xarray reads them."""

import numpy as np
import pytest
import xarray as xr
from bosonpeak.archive import results


@pytest.mark.parametrize("texts", [False, True])
def test_files_are_read_as_xarray_reads_them(tmp_path, texts):
    rng = np.random.default_rng(1)
    data = xr.Dataset(
        {
            "a": (("x", "y"), np.where(rng.random((3, 4)) < 0.3, np.nan, rng.random((3, 4))), {"unit": "eV", "n": 3}),
            "single": ("y", rng.random(4).astype("f4")),
            "count": ("x", np.arange(3, dtype="i4")),
            "yes": ("x", np.array([True, False, True])),
            "scalar": ((), 2.5),
            "empty": (("none", "y"), np.zeros((0, 4))),
        },
        {"x": [0.1, 0.2, 0.3], "label": ("y", np.arange(4))},
        {"name": "glass", "flag": 1, "one": [1.5], "list": [1.0, 2.0], "text": "ω in rad/ps"},
    )
    if texts:
        data = data.assign_coords(kind=("x", ["a", "bc", "d"]))
    path = tmp_path / "some.nc"
    results.write_dataset(data, path)
    with xr.open_dataset(path, engine="h5netcdf") as file:
        expected = file.load()
    assert (results._read_numbers(path) is None) == texts
    found = results.read_dataset(path)
    xr.testing.assert_identical(found, expected)
    assert {k: v.dtype for k, v in found.variables.items()} == {k: v.dtype for k, v in expected.variables.items()}
    assert {k: type(v) for k, v in found.attrs.items()} == {k: type(v) for k, v in expected.attrs.items()}
    assert set(found.coords) == set(expected.coords)


def test_half_a_file_is_refused(tmp_path):
    path = tmp_path / "some.nc"
    results.write_dataset(xr.Dataset({"a": ("x", np.arange(1000.0))}), path)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(ValueError, match="is truncated or is not NetCDF"):
        results.read_dataset(path)
