"""How many trees each made-up trial comes to under Optuna 5.0.0's SuccessiveHalvingPruner. Input: JSON as the first argument."""

import json
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
given = json.loads(sys.argv[1])
study = optuna.create_study(
    direction="maximize",
    pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=given["min_trees"], reduction_factor=given["factor"]),
)
reached = []
for one in given["trials"]:
    trial = study.ask()
    curve = {int(trees): accuracy for trees, accuracy in one["curve"].items()}
    for trees in sorted(curve):
        if trees == one["trees"]:
            study.tell(trial, curve[trees])
            reached.append(trees)
            break
        trial.report(curve[trees], trees)
        if trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            reached.append(trees)
            break
print(json.dumps(reached))
