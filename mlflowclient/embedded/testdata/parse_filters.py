"""Parses filters and orderings with MLflow's own code: JSON lines in, JSON lines out.

In: {"language": "runs" | "experiments", "filter": text} or {"language": …, "order_by": text}.
Out: {"terms": [[type, key, comparator, value]]}, {"order": [type, key, ascending]} or {"error": message, "code": name}.
"""

import json
import sys

from mlflow.exceptions import MlflowException
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils

LANGUAGES = {
    "runs": (SearchUtils, SearchUtils.parse_order_by_for_search_runs),
    "experiments": (SearchExperimentsUtils, SearchExperimentsUtils.parse_order_by_for_search_experiments),
}


def value(term):
    v = term["value"]
    if term["type"] == "metric" and v is not None:
        return float(v)
    return list(v) if isinstance(v, tuple) else v


def answer(request):
    utils, order = LANGUAGES[request["language"]]
    try:
        if "order_by" in request:
            return {"order": list(order(request["order_by"]))}
        terms = utils.parse_search_filter(request["filter"])
        return {"terms": [[t["type"], t["key"], t["comparator"], value(t)] for t in terms]}
    except MlflowException as e:
        return {"error": e.message, "code": e.error_code}
    except Exception as e:  # what the server turns into INTERNAL_ERROR
        return {"error": str(e), "code": "INTERNAL_ERROR"}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))
