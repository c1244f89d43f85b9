"""The cluster that the tests of a module share."""

import pytest
from slurm import Slurm


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    slurm = Slurm(tmp_path_factory.mktemp("slurm"), cores=3, model="a100")
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()
