"""Run studies with the real Optuna and print, as one JSON line a study, every call and what was proposed.

Usage: optuna_traces.py {original | corpus N | long}. The Go test replays the calls and compares the proposals. Each
proposal of the TPE carries the margin by which its acquisition value led that of the best different candidate.

Usage: optuna_traces.py speed N prints the processor seconds of one proposal after N finished trials.

The environment variable NPY_DISABLE_CPU_FEATURES decides how numpy sorts; the first line names the order in force.
"""
import json
import math
import random
import statistics
import sys
import time
import warnings

import numpy as np
import optuna
from optuna.samplers._tpe.sampler import TPESampler
from optuna.trial import TrialState

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
assert optuna.__version__ == "5.0.0", optuna.__version__

margins = {}


def compare(cls, samples, values):
    best = int(np.argmax(values))
    other = np.zeros(len(values), dtype=bool)
    for v in samples.values():
        other |= v != v[best]
    margin = float(values[best] - values[other].max()) if other.any() else math.inf
    for name in samples:
        margins[name] = margin
    return {k: v[best].item() for k, v in samples.items()}


TPESampler._compare = classmethod(compare)


def number(x):
    """JSON has no infinities; floats travel as text that parses back exactly."""
    return float(x).hex()


class Trace:
    def __init__(self, name, direction="minimize", random_sampler=False, seed=0, **options):
        self.config = dict(name=name, direction=direction, random=random_sampler, seed=seed, **options)
        self.calls = []
        gamma = options.pop("gamma_divisor", None)
        if gamma:
            options["gamma"] = lambda n: n // gamma
        if random_sampler:
            sampler = optuna.samplers.RandomSampler(seed=seed)
        else:
            sampler = TPESampler(seed=seed, **options)
        self.study = optuna.create_study(direction=direction, sampler=sampler)

    def ask(self):
        trial = self.study.ask()
        self.calls.append(dict(do="ask", trial=trial.number))
        return trial

    def suggest(self, trial, name, spec):
        margins.clear()
        if "choices" in spec:
            value = trial.suggest_categorical(name, spec["choices"])
            internal = spec["choices"].index(value)
        elif spec["kind"] == "int":
            value = trial.suggest_int(name, spec["low"], spec["high"], step=spec.get("step", 1), log=spec.get("log", False))
            internal = value
        else:
            value = trial.suggest_float(name, spec["low"], spec["high"], step=spec.get("step"), log=spec.get("log", False))
            internal = value
        drawn = getattr(trial, "drawn_margins", None)
        if drawn is None:
            drawn = trial.drawn_margins = {}
        drawn.update(margins)
        margin = drawn.get(name, math.inf)
        spec = {k: number(v) if k in ("low", "high", "step") else v for k, v in spec.items()}
        self.calls.append(dict(do="suggest", trial=trial.number, name=name, dist=spec, value=number(internal),
                               margin=number(margin)))
        return value

    def report(self, trial, step, value):
        trial.report(value, step)
        self.calls.append(dict(do="report", trial=trial.number, step=step, value=number(value)))

    def constraint(self, trial, name, value):
        trial.set_constraint(name, value)
        self.calls.append(dict(do="constraint", trial=trial.number, name=name, value=number(value)))

    def tell(self, trial, value=None, state=TrialState.COMPLETE):
        self.study.tell(trial, value, state=state)
        self.calls.append(dict(do="tell", trial=trial.number, state=state.name, value=number(value or 0.0)))

    def write(self):
        try:
            best = number(self.study.best_value)
        except ValueError:
            best = None
        print(json.dumps(dict(config=self.config, calls=self.calls, best=best)))


def ints(low, high, **more):
    return dict(kind="int", low=low, high=high, **more)


def floats(low, high, **more):
    return dict(kind="float", low=low, high=high, **more)


def choices(*values):
    return dict(kind="categorical", choices=list(values))


ORIGINAL = {
    "n_estimators": ints(50, 2000, step=50),
    "max_features": choices("sqrt", "log2"),
    "max_depth": ints(10, 100, step=10),
    "bootstrap": choices(True, False),
    "min_samples_leaf": ints(1, 4),
    "min_samples_split": ints(2, 10),
}


def accuracy(p):
    """A stand-in for the forest's accuracy on 400 rows: cheap, and with as many ties."""
    score = 0.61 + 0.03 * (p["bootstrap"] is True) - 0.004 * abs(p["min_samples_leaf"] - 2)
    score += 0.02 * math.cos(p["n_estimators"] / 300) + 0.01 * math.sin(p["max_depth"] / 20)
    score -= 0.002 * abs(p["min_samples_split"] - 7) + 0.003 * (p["max_features"] == "log2")
    return round(score * 400) / 400


def original():
    for seed, n in [(0, 50), (1, 100), (2, 100), (3, 100), (4, 100), (5, 100)]:
        t = Trace(f"original seed {seed}", "maximize", seed=seed)
        for _ in range(n):
            trial = t.ask()
            p = {name: t.suggest(trial, name, spec) for name, spec in ORIGINAL.items()}
            t.tell(trial, accuracy(p))
        t.write()


def smooth(p):
    """Any parameters: numbers pull to a third of their range, categories to their second choice."""
    total = 0.0
    for i, (value, spec) in enumerate(p.values()):
        if "choices" in spec:
            total += 0.3 * (spec["choices"].index(value) - 1) ** 2
        elif spec.get("log"):
            low, high = math.log(spec["low"]), math.log(spec["high"])
            total += ((math.log(value) - low) / (high - low + 1e-9) - 1 / 3) ** 2 * (1 + i)
        else:
            total += ((value - spec["low"]) / (spec["high"] - spec["low"] + 1e-9) - 1 / 3) ** 2 * (1 + i)
    return total


def random_dist(r):
    kind = r.randrange(8)
    if kind == 0:
        low = r.uniform(-10, 10)
        return floats(low, low + r.uniform(0.1, 20))
    if kind == 1:
        low = 10 ** r.uniform(-8, 0)
        return floats(low, low * 10 ** r.uniform(0.2, 6), log=True)
    if kind == 2:
        step = r.choice([0.1, 0.25, 0.05, 0.3, 1.0])
        low = round(r.uniform(-2, 2), 1)
        return floats(low, low + r.choice([1.0, 2.0, 0.95, 3.3]), step=step)
    if kind == 3:
        low = r.randrange(-5, 5)
        return ints(low, low + r.choice([1, 3, 10, 100, 10000]))
    if kind == 4:
        low = r.randrange(1, 5)
        return ints(low, low * r.choice([1, 2, 10, 1000]), log=True)
    if kind == 5:
        low = r.randrange(-100, 100)
        return ints(low, low + r.choice([0, 10, 99, 1000]), step=r.choice([2, 3, 7, 50]))
    if kind == 6:
        return choices(*r.choice([["a", "b"], ["x", "y", "z"], [True, False], [1, 2, 4, 8], [0.1, 0.2],
                                  list("abcdefghijkl"), ["only"]]))
    return floats(1.5, 1.5) if r.random() < 0.3 else floats(0, 1)


def finish(t, r, trial, p, kind, objective):
    value = objective(p)
    if kind.get("ties"):
        value = round(value * 5) / 5
    if kind.get("infinite") and r.random() < 0.1:
        value = r.choice([math.inf, -math.inf])
    if kind.get("constraints"):
        t.constraint(trial, "c0", r.choice([-1.0, 0.0, value - 0.5, r.uniform(-1, 1)]))
        if r.random() < 0.7:
            t.constraint(trial, "c1", r.uniform(-2, 0.5))
    if kind.get("pruned") and r.random() < 0.4:
        for step in range(r.randrange(4)):
            t.report(trial, 2 * step, math.nan if r.random() < 0.1 else value + r.choice([0.0, 0.25, 1.0]))
        t.tell(trial, state=TrialState.PRUNED)
    elif kind.get("failed") and r.random() < 0.2:
        t.tell(trial, state=TrialState.FAIL)
    else:
        t.tell(trial, value)


def names_for(r, space, kind, p, trial, t):
    """Suggest the parameters of one trial, perhaps only some of them, perhaps with moving ranges."""
    for i, (name, spec) in enumerate(space.items()):
        if kind.get("conditional") and i >= 2 and r.random() < 0.4:
            continue
        if kind.get("tree") and i >= 2 and (i % 2 == 0) != p["kind"]:
            continue
        if kind.get("dynamic") and "choices" not in spec and not spec.get("step") and r.random() < 0.3:
            spec = dict(spec, high=spec["high"] * (2 if spec["high"] > 0 else 1))
        value = t.suggest(trial, name, spec)
        p[name] = (value, spec)


def run(t, r, space, kind, n):
    parallel = kind.get("parallel", 1)
    running = []
    for _ in range(n):
        trial, p = t.ask(), {}
        if kind.get("tree"):
            p["kind"] = t.suggest(trial, "kind", choices("even", "odd")) == "even"
        names_for(r, space, kind, p, trial, t)
        p.pop("kind", None)
        running.append((trial, p))
        if len(running) >= parallel:
            trial, p = running.pop(r.randrange(len(running)))
            finish(t, r, trial, p, kind, smooth)
    t.write()


KINDS = [
    dict(), dict(ties=True), dict(conditional=True), dict(tree=True), dict(tree=True, options=dict(group=True)),
    dict(conditional=True, options=dict(group=True)), dict(parallel=4), dict(parallel=4, conditional=True),
    dict(parallel=3, options=dict(constant_liar=False)), dict(options=dict(multivariate=False)),
    dict(parallel=3, ties=True, options=dict(multivariate=False)), dict(pruned=True), dict(pruned=True, ties=True),
    dict(failed=True, infinite=True), dict(constraints=True), dict(constraints=True, pruned=True, parallel=2),
    dict(dynamic=True), dict(options=dict(n_startup_trials=0)), dict(options=dict(n_startup_trials=25, n_ei_candidates=5)),
    dict(options=dict(gamma_divisor=4)), dict(options=dict(n_ei_candidates=100)), dict(random_sampler=True),
    dict(parallel=3, tree=True, options=dict(group=True), pruned=True),
]


def corpus(n):
    for i in range(int(n)):
        kind = KINDS[i % len(KINDS)]
        r = random.Random(i)
        space = {f"p{j}": random_dist(r) for j in r.sample(range(20), r.randrange(1, 9))}
        direction = "maximize" if i % 3 == 1 else "minimize"
        t = Trace(f"corpus {i} {kind}", direction, random_sampler=kind.get("random_sampler", False), seed=i,
                  **kind.get("options", {}))
        run(t, r, space, kind, 60 + 10 * (i % 4))


def long():
    r = random.Random(1)
    t = Trace("original 320 trials", "maximize", seed=7)
    for _ in range(320):
        trial = t.ask()
        p = {name: t.suggest(trial, name, spec) for name, spec in ORIGINAL.items()}
        t.tell(trial, accuracy(p))
    t.write()
    t = Trace("mixed 330 trials", seed=8)
    space = {"a": floats(-5, 5), "b": floats(1e-6, 1, log=True), "c": ints(1, 500, log=True), "d": floats(0, 1, step=0.01),
             "e": choices("u", "v", "w"), "f": ints(0, 3)}
    run(t, r, space, dict(ties=True), 330)
    t = Trace("many floats", seed=9)
    run(t, r, {f"x{i:02}": floats(-1, 1 + i) for i in range(90)}, {}, 40)


def speed(n):
    optuna_study = optuna.create_study(direction="maximize", sampler=TPESampler(seed=0))

    def propose():
        trial = optuna_study.ask()
        start = time.process_time()
        p = dict(
            n_estimators=trial.suggest_int("n_estimators", 50, 2000, step=50),
            max_features=trial.suggest_categorical("max_features", ["sqrt", "log2"]),
            max_depth=trial.suggest_int("max_depth", 10, 100, step=10),
            bootstrap=trial.suggest_categorical("bootstrap", [True, False]),
            min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 4),
            min_samples_split=trial.suggest_int("min_samples_split", 2, 10),
        )
        return trial, p, time.process_time() - start

    for _ in range(int(n)):
        trial, p, _ = propose()
        optuna_study.tell(trial, accuracy(p))
    seconds = []
    for _ in range(60):
        trial, _, s = propose()
        optuna_study.tell(trial, state=TrialState.FAIL)
        seconds.append(s)
    print(json.dumps(statistics.median(seconds)))


def tie_order():
    from numpy._core._multiarray_umath import __cpu_features__ as has

    return "x86-avx512" if has.get("X86_V4") else "x86-simd" if has.get("X86_V3") else "baseline"


if __name__ == "__main__":
    print(tie_order())
    globals()[sys.argv[1]](*sys.argv[2:])
