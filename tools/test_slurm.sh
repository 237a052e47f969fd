#!/bin/sh
# A real SLURM of two nodes on this machine (Debian: slurm-wlm, munge; needs root), and the reads stage through it:
# two patients whose run is killed half way and resumed; then eight on one node and on two, which must take 0.6 of it.
#   sh tools/test_slurm.sh [PYTHON] [PATIENTS]
set -eu
python="${1:-.venv/bin/python}"
patients="${2:-8}"
work="$(mktemp -d /tmp/oncourse-slurm-XXXXXX)"
conf=/etc/slurm/slurm.conf # where jobs look: the executor takes SLURM's variables out of their environment
[ -e "$conf" ] && { echo "$conf is there: this check makes a SLURM of its own and leaves yours alone" >&2; exit 2; }
trap 'rm -f "$conf"; for f in "$work"/*.pid; do [ -f "$f" ] && kill "$(cat "$f")" 2>/dev/null || true; done' EXIT
for tool in slurmctld slurmd munged taskset bwa samtools fastp; do
  command -v "$tool" >/dev/null || { echo "not installed: $tool (apt-get install slurm-wlm munge; make reads-tools)" >&2; exit 2; }
done
host="$(hostname -s)"
mkdir -p "$work/state" "$work/spool1" "$work/spool2"
chmod 755 "$work"
dd if=/dev/urandom bs=1 count=1024 of="$work/munge.key" 2>/dev/null
chmod 400 "$work/munge.key"
munged --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munged.pid" \
  --log-file="$work/munged.log" --seed-file="$work/munge.seed"
mkdir -p "$(dirname "$conf")"
cat > "$conf" <<CONF
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmctldPort=16817
StateSaveLocation=$work/state
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
SlurmdSpoolDir=$work/spool-%n
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=16818 CPUs=1 RealMemory=8000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=16819 CPUs=1 RealMemory=8000
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF
slurmctld
# what a node runs stays on its core: the pipes of an alignment would spread over the other node's
taskset -c 0 slurmd -N n1
taskset -c 1 slurmd -N n2
for _ in 1 2 3 4 5 6 7 8 9 10; do sinfo -h -o '%T' | grep -q idle && break; sleep 1; done
sinfo

oncourse() { "$python" -c 'from oncourse.cli.main import main; main()' "$@"; }
# a node has one core and a step takes one: two nodes are twice the machine, on two real cores
reads() { oncourse reads "$1" --executor slurm --slurm-no-account --jobs 16 --cores 1; }
simulate() {
  "$python" - "$1" "$2" <<'PY'
import sys
from pathlib import Path
from oncourse.reads.simulate_patient import simulate_reads
Path(sys.argv[1]).mkdir()
simulate_reads(Path(sys.argv[1]), "crc", int(sys.argv[2]), 1, genes=("KRAS",), n_runs=2,
               n_changes={"germline": 6, "trunk": 4, "primary": 2, "metastasis": 2, "chip": 1})
PY
}
simulate "$work/study" 2
simulate "$work/one" "$patients"
cp -r "$work/one" "$work/two"

echo "== killed after the first aligned sample, then resumed"
setsid "$python" -c 'from oncourse.cli.main import main; main()' reads "$work/study" --executor slurm --slurm-no-account --jobs 16 --cores 1 &
first=$!
for _ in $(seq 300); do ls "$work"/study/reads/bam/*.bam >/dev/null 2>&1 && break; sleep 1; done
/bin/kill -9 -- "-$first"
scancel -u "$(id -un)"
ls "$work/study/calls.tsv" 2>/dev/null && { echo "finished before it was killed" >&2; exit 1; }
reads "$work/study"
grep -q "12:25245350:C:T" "$work/study/calls.tsv"
echo "== one node"
scontrol update NodeName=n2 State=DRAIN Reason=test
start=$(date +%s); reads "$work/one"; one=$(($(date +%s) - start))
echo "== two nodes"
scontrol update NodeName=n2 State=RESUME
start=$(date +%s); reads "$work/two"; two=$(($(date +%s) - start))
cmp "$work/one/calls.tsv" "$work/two/calls.tsv"
ratio=$(awk "BEGIN { printf \"%.2f\", $two / $one }")
echo "one node $one s, two nodes $two s: ratio $ratio (at most 0.60), $patients patients, the same calls"
[ $((two * 10)) -le $((one * 6)) ] || { echo "two nodes take more than 0.6 of the time of one" >&2; exit 1; }
