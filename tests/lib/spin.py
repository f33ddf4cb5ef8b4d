"""Runs a Promela model in spin."""
import os
import subprocess
import tempfile


def call(folder, *command):
    return subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def verify(model, options, run):
    """(number of errors, what the verifier says, the steps of the first counterexample). `options` are those of the
    compiler, `run` those of the verifier. A search that did not reach its end is no verdict: it ends the test."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "model.pml"), "w", encoding="utf-8") as f:
            f.write(model)
        for command in (["spin", "-a", "model.pml"], ["gcc", "-O1", "-w", *options, "-o", "pan", "pan.c"]):
            done = call(folder, *command)
            if done.returncode or command[0] == "spin" and "rror:" in done.stdout:
                raise SystemExit(done.stdout)
        said = call(folder, "./pan", *run).stdout
        if "errors: " not in said:
            raise SystemExit(said)
        errors = int(said.split("errors: ")[1].split()[0])
        if not errors and "Search not completed" in said:
            raise SystemExit(said)
        steps = call(folder, "spin", "-t", "-p", "-g", "model.pml").stdout.splitlines() if errors else []
        return errors, said, steps
