"""A small ensemble that runs through SLURM on one node gives the same files as locally, bit for bit."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from small_projects import CHEAP, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.slurm]
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def need_slurm():
    """Skip, with the reason, where the tests cannot run their own SLURM."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("the SLURM of the tests needs Linux and root")
    missing = [p for p in ("slurmctld", "slurmd", "sbatch", "munged") if not shutil.which(p, path=PATH)]
    if missing:
        pytest.skip(f"{', '.join(missing)} not found: apt-get install slurmctld slurmd slurm-client munge")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def slurm():
    """Environment of a SLURM with one node, which lies in its own folder; nothing in /etc is changed."""
    need_slurm()
    folder, daemons = Path(tempfile.mkdtemp(prefix="slurm-")), []
    folder.chmod(0o755)
    for name in ("state", "spool", "munge", "bin"):
        (folder / name).mkdir()
    conf, host = folder / "slurm.conf", socket.gethostname().partition(".")[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    conf.write_text(f"""
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=2
UnkillableStepTimeout=10
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory={memory} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""")
    # the plugin's job steps drop SLURM_CONF from what srun inherits: a cluster has its configuration in /etc
    wrapper = folder / "bin" / "srun"
    wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun", path=PATH)} "$@"\n')
    wrapper.chmod(0o755)
    environment = os.environ | {"SLURM_CONF": str(conf), "PATH": f"{folder}/bin:{PATH}"}

    def start(*command):
        daemons.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT))

    def ask(*command):
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)

    (folder / "munge" / "key").write_bytes(os.urandom(128))
    (folder / "munge" / "key").chmod(0o600)
    munge = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    start("munged", "--foreground", "--force", *(f"--{name}={folder}/munge/{file}" for name, file in munge.items()))
    try:
        while not (folder / "munge" / "socket").exists():
            assert daemons[0].poll() is None, (folder / "munge" / "log").read_text()
            time.sleep(0.1)
        start("slurmctld", "-D", "-i", "-f", str(conf))
        start("slurmd", "-D", "-f", str(conf))
        for _ in range(60):
            if ask("sinfo", "-h", "-o", "%T").stdout.strip() == "idle":
                break
            time.sleep(0.5)
        else:
            logs = "\n".join(path.read_text()[-2000:] for path in folder.glob("*.log"))
            pytest.fail(f"SLURM did not come up: {logs}")
        yield environment
    finally:
        if len(daemons) == 3:
            # a job would outlive the daemons: it ends first
            ask("scancel", "--user=root")
            for _ in range(60):
                if not ask("squeue", "-h").stdout.strip():
                    break
                time.sleep(0.5)
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in reversed(daemons):
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
        shutil.rmtree(folder, ignore_errors=True)


def test_an_ensemble_through_slurm_gives_the_same_files_as_locally(new_project, slurm):
    here, there = new_project("here"), new_project("there")
    for project in (here, there):
        project.write_recipes(CHEAP | {"seed": [1, 2, 3]})
    local = here.snakemake("--cores", "2", "data")
    assert local.returncode == 0, local.stdout

    for name in ("SLURM_CONF", "PATH"):
        there.environment[name] = slurm[name]
    profile = ["--profile", str(ROOT / "workflow" / "profiles" / "slurm"), "--group-components", "samples=2"]
    quick = ["--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2"]
    queued = there.snakemake(*profile, *quick, "--cores", str(os.cpu_count()), "data")
    assert queued.returncode == 0, queued.stdout
    submitted = queued.stdout.count("submitted with SLURM jobid")
    assert submitted == 2, queued.stdout  # three samples, two in a job

    assert len(here.made()) == 6 and there.made() == here.made()
    for file in ("data/glasses/catalogue.json", "data/results/vibrations/catalogue.json"):
        assert (there.root / file).exists()
    jobs = subprocess.run(["squeue", "-h"], env=slurm, capture_output=True, text=True)
    assert not jobs.stdout.strip()
