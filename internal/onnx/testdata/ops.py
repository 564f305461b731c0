"""Writes small models with inputs and onnxruntime's outputs (versions: stack/requirements/mlflow.txt).

ops.py DIR: one folder a case with model.onnx, in_<i>.pb, out_<i>.pb (TensorProto). A case that onnxruntime refuses has
no out_0.pb but error.txt.
"""
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as rt
from onnx import TensorProto as T, helper as h, numpy_helper

rng = np.random.default_rng(0)
OUT = Path(sys.argv[1])
KINDS = {"f": np.float32, "d": np.float64, "l": np.int64, "i": np.int32, "b": np.bool_}


def case(name, nodes, inputs, constants=(), opset=15, ml=3, outputs=("z",), microsoft=False):
    folder = OUT / name
    folder.mkdir(parents=True)
    inputs = [np.asarray(x) for x in inputs]
    infos = [h.make_tensor_value_info(f"x{i}", h.np_dtype_to_tensor_dtype(x.dtype), [None] * x.ndim)
             for i, x in enumerate(inputs)]
    results = [onnx.ValueInfoProto(name=o) for o in outputs]
    graph = h.make_graph(nodes, "g", infos, results, [numpy_helper.from_array(v, k) for k, v in dict(constants).items()])
    opsets = [h.make_opsetid("", opset), h.make_opsetid("ai.onnx.ml", ml), *([h.make_opsetid("com.microsoft", 1)] if microsoft else [])]
    model = h.make_model(graph, opset_imports=opsets, ir_version=8)
    if nodes[-1].op_type != "ZipMap" and not microsoft:
        model = onnx.shape_inference.infer_shapes(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for i, x in enumerate(inputs):
        (folder / f"in_{i}.pb").write_bytes(numpy_helper.from_array(x).SerializeToString())
    options = rt.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        s = rt.InferenceSession(model.SerializeToString(), options)
        answers = s.run(None, {f"x{i}": x for i, x in enumerate(inputs)})
    except Exception as e:
        (folder / "error.txt").write_text(str(e))
        return
    for i, v in enumerate(answers):
        if isinstance(v, list):
            v = np.array([list(m.values()) for m in v], np.float32)
        (folder / f"out_{i}.pb").write_bytes(numpy_helper.from_array(np.asarray(v)).SerializeToString())


def node(op, n=1, domain="", **attrs):
    return h.make_node(op, [f"x{i}" for i in range(n)], ["z"], domain=domain, **attrs)


def numbers(kind, *shape):
    if kind in "li":
        return rng.integers(1, 50, shape).astype(KINDS[kind])
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    return (rng.standard_normal(shape) * 10).astype(KINDS[kind])


def core():
    shapes = [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 4), (1, 4)), ((3, 4), ()), ((4,), (3, 4)), ((3, 1), (1, 4)),
              ((2, 3, 4), (3, 1)), ((0, 4), (4,)), ((1, 1), (3,)), ((), ())]
    for op in ("Add", "Sub", "Mul", "Div"):
        for kind in "fdli":
            for j, (a, b) in enumerate(shapes):
                case(f"{op}_{kind}_{j}", [node(op, 2)], [numbers(kind, *a), numbers(kind, *b)])
    for a in "fdlib":
        for b in "fdlib":
            case(f"CastLike_{a}_{b}", [node("CastLike", 2)], [numbers(a, 3, 5), numbers(b, 1)])
            case(f"Cast_{a}_{b}", [node("Cast", to=h.np_dtype_to_tensor_dtype(np.dtype(KINDS[b])))], [numbers(a, 3, 5)])
    for kind in "fdlib":
        x = numbers(kind, 4, 3)
        case(f"Identity_{kind}", [node("Identity")], [x])
        for axis in (0, 1, -1):
            parts = [numbers(kind, 2, 3), numbers(kind, 2, 3), numbers(kind, 2, 3)]
            case(f"Concat_{kind}_{axis}", [node("Concat", 3, axis=axis)], parts)
        for axis in (0, 1, -1):
            for j, ix in enumerate((np.int64(1), np.array([2, 0, -1]), np.array([[0, 1]], np.int32), np.array([], np.int64))):
                case(f"Gather_{kind}_{axis}_{j}", [h.make_node("Gather", ["x0", "ix"], ["z"], axis=axis)], [x], {"ix": np.asarray(ix)})
        for j, shape in enumerate(([3, 4], [-1], [2, -1, 3], [0, 3, 1], [12])):
            case(f"Reshape_{kind}_{j}", [h.make_node("Reshape", ["x0", "s"], ["z"])], [x], {"s": np.array(shape)})
    for axes in (None, [0], [2], [-1, 0]):
        x = numbers("f", 1, 3, 1)
        named = "none" if axes is None else "_".join(map(str, axes))
        case(f"Squeeze_old_{named}", [node("Squeeze", **({} if axes is None else {"axes": axes}))], [x], opset=11)
        if axes is not None:
            case(f"Squeeze_{named}", [h.make_node("Squeeze", ["x0", "a"], ["z"])], [x], {"a": np.array(axes)})
    for kind in "fdi":
        for axis in (0, 1, -1):
            for keep in (0, 1):
                for last in (0, 1):
                    x = rng.integers(0, 4, (5, 6)).astype(KINDS[kind])
                    case(f"ArgMax_{kind}_{axis}_{keep}_{last}", [node("ArgMax", axis=axis, keepdims=keep, select_last_index=last)], [x])
    value = numpy_helper.from_array(numbers("d", 4))
    case("Constant", [h.make_node("Constant", [], ["c"], value=value), h.make_node("Sub", ["x0", "c"], ["z"])], [numbers("d", 3, 4)])


def ml():
    for kind in "fdli":
        x = numbers(kind, 5, 3)
        for j, n in enumerate((3, 1)):
            a = dict(offset=rng.standard_normal(n).tolist(), scale=rng.standard_normal(n).tolist())
            case(f"Scaler_{kind}_{j}", [node("Scaler", domain="ai.onnx.ml", **a)], [x])
        pick = h.make_node("ArrayFeatureExtractor", ["x0", "ix"], ["z"], domain="ai.onnx.ml")
        case(f"ArrayFeatureExtractor_{kind}", [pick], [x], {"ix": np.array([2, 0, 2])})
        case(f"ArrayFeatureExtractor_vector_{kind}", [pick], [x[0]], {"ix": np.array([1])})
    for norm in ("MAX", "L1", "L2"):
        x = numbers("f", 6, 3)
        x[2] = 0
        case(f"Normalizer_{norm}", [node("Normalizer", domain="ai.onnx.ml", norm=norm)], [x])
    zipped = h.make_node("ZipMap", ["x0"], ["z"], domain="ai.onnx.ml", classlabels_int64s=[4, 5, 9])
    case("ZipMap", [zipped], [numbers("f", 4, 3)])


def random_trees(n, modes, features, classes, weight, missing, sparse):
    a = {k: [] for k in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")}
    track, c = [], {k: [] for k in ("treeids", "nodeids", "ids", "weights")}
    for t in range(n):
        count, open_nodes, rows = 1, [(0, 0)], {}
        while open_nodes:
            i, depth = open_nodes.pop(int(rng.integers(len(open_nodes))))
            if depth < 6 and (depth < 2 or rng.random() < 0.7):
                value = float(np.float32(rng.integers(-4, 5) / 2))
                rows[i] = (int(rng.integers(features)), value, str(rng.choice(modes)), count, count + 1)
                open_nodes += [(count, depth + 1), (count + 1, depth + 1)]
                count += 2
                continue
            rows[i] = (0, 0.0, "LEAF", 0, 0)
            ids = classes if not sparse else list(rng.permutation(classes)[: 1 + int(rng.integers(len(classes)))])
            for k in ids:
                for key, v in zip(c, (t, i, int(k), float(np.float32(weight())))):
                    c[key].append(v)
        for i in range(count):
            for key, v in zip(a, (t, i, *rows[i])):
                a[key].append(v)
            track.append(int(rng.integers(2)))
    attrs = {f"nodes_{k}": v for k, v in a.items()} | {f"class_{k}": v for k, v in c.items()}
    return attrs | ({"nodes_missing_value_tracks_true": track} if missing else {})


def tree_rows(kind, features):
    x = rng.integers(-5, 6, (200, features)) / 2
    if kind in "fd":
        x[:40][rng.random((40, features)) < 0.2] = np.nan
        x[40:60][rng.random((20, features)) < 0.2] = np.inf
        x[60:80][rng.random((20, features)) < 0.2] = -np.inf
    return x.astype(KINDS[kind])


def trees(name, kind, modes, classes, labels, weight, post="NONE", base=None, missing=False, sparse=False, strings=False, tensors=False):
    attrs = random_trees(7, modes, 5, classes, weight, missing, sparse)
    if tensors:
        for k in ("nodes_values", "class_weights"):
            attrs[k + "_as_tensor"] = numpy_helper.from_array(np.array(attrs.pop(k), np.float64))
    attrs["post_transform"] = post
    if base:
        attrs["base_values"] = base
    if strings:
        attrs["classlabels_strings"] = [f"c{i}" for i in labels]
    else:
        attrs["classlabels_int64s"] = labels
    n = h.make_node("TreeEnsembleClassifier", ["x0"], ["l", "p"], domain="ai.onnx.ml", **attrs)
    case(name, [n], [tree_rows(kind, 5)], outputs=("l", "p"))


def ensembles():
    every = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
    positive, mixed = lambda: rng.random() * 0.3, lambda: rng.standard_normal()
    three = [10, 20, 30]
    for kind in "fdli":
        for mode in every + ["ordered", "mixed"]:
            modes = {"mixed": every, "ordered": every[:4]}.get(mode, [mode])
            for missing in (False, True):
                trees(f"Tree_{kind}_{mode}_{missing}", kind, modes, [0, 1, 2], three, positive, missing=missing)
    for post in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"):
        for wname, w in (("positive", positive), ("mixed", mixed)):
            for sparse in (False, True):
                trees(f"Post_{post}_{wname}_{sparse}_3", "f", every[:1], [0, 1, 2], three, w, post, sparse=sparse)
            trees(f"Post_{post}_{wname}_base_3", "f", every[:1], [0, 1, 2], three, w, post, base=[0.5, -1.0, 0.25], sparse=True)
            for only in (0, 1):
                trees(f"Post_{post}_{wname}_{only}_2", "f", every[:1], [only], [10, 20], w, post)
                trees(f"Post_{post}_{wname}_{only}_2_base", "f", every[:1], [only], [10, 20], w, post, base=[0.3])
            trees(f"Post_{post}_{wname}_both_2", "f", every[:1], [0, 1], [10, 20], w, post)
            trees(f"Post_{post}_{wname}_1", "f", every[:1], [0], [10], w, post)
    trees("Tree_tensors", "d", every[:4], [0, 1, 2], three, positive, tensors=True)
    trees("Tree_strings", "f", every[:1], [0, 1, 2], three, positive, strings=True)
    trees("Tree_strings_2", "f", every[:1], [0], [10, 20], positive, strings=True)
    trees("Tree_zero_weights", "f", every[:1], [1, 2], three, lambda: 0.0, sparse=True)


def elementwise():
    for op in ("Abs", "Neg", "Sqrt", "Exp", "Log", "Sigmoid", "Tanh", "Relu", "Reciprocal", "Sign", "Floor", "Ceil"):
        for kind in "fd":
            x = numbers(kind, 3, 7) / 8
            case(f"Unary{op}_{kind}", [node(op)], [np.abs(x) if op in ("Sqrt", "Log") else x])
    for op in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"):
        for kind in "fdli":
            x = rng.integers(0, 3, (3, 4)).astype(KINDS[kind])
            case(f"Compare{op}_{kind}", [node(op, 2)], [x, x[::-1]])
            case(f"Compare{op}_{kind}_row", [node(op, 2)], [x, x[1]])
    for op in ("And", "Or", "Xor"):
        case(f"Logic{op}", [node(op, 2)], [numbers("b", 4, 3), numbers("b", 3)])
    case("Not", [node("Not")], [numbers("b", 4, 3)])
    for op in ("Sum", "Mean", "Max", "Min"):
        for kind in "f" if op == "Mean" else "fd":
            case(f"Variadic{op}_{kind}", [node(op, 3)], [numbers(kind, 3, 4), numbers(kind, 4), numbers(kind, 3, 1)])
            case(f"Variadic{op}_{kind}_one", [node(op)], [numbers(kind, 3, 4)])
    for kind in "fdli":
        case(f"Where_{kind}", [node("Where", 3)], [numbers("b", 3, 1), numbers(kind, 3, 4), numbers(kind, 4)])
    for kind in "fd":
        case(f"Pow_{kind}", [node("Pow", 2)], [np.abs(numbers(kind, 3, 4)), np.array([2.0], KINDS[kind])])
        case(f"Clip_{kind}", [node("Clip", 3)], [numbers(kind, 3, 4), np.array(-5, KINDS[kind]), np.array(5, KINDS[kind])])
        for j, (a, b) in enumerate([((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,))]):
            case(f"MatMul_{kind}_{j}", [node("MatMul", 2)], [numbers(kind, *a), numbers(kind, *b)])
        for ta in (0, 1):
            for tb in (0, 1):
                x, y = numbers(kind, *((4, 3) if ta else (3, 4))), numbers(kind, *((5, 4) if tb else (4, 5)))
                case(f"Gemm_{kind}_{ta}_{tb}", [node("Gemm", 3, transA=ta, transB=tb, alpha=0.5, beta=2.0)], [x, y, numbers(kind, 5)])
        for opset in (12, 15):
            for op in ("Softmax", "LogSoftmax"):
                for axis in (1, 2):
                    case(f"{op}_{kind}_{opset}_{axis}", [node(op, axis=axis)], [numbers(kind, 2, 3, 4) / 10], opset=opset)


def moves():
    for kind in "fdl":
        x = numbers(kind, 3, 4, 5)
        for j, (s, e, a, t) in enumerate([([0], [1], [1], [1]), ([-2, 4], [9, -9], [0, 2], [1, -2]), ([1], [3], [2], [1]), ([3], [1], [1], [1])]):
            c = {k: np.array(v) for k, v in zip("seat", (s, e, a, t))}
            case(f"Slice_{kind}_{j}", [h.make_node("Slice", ["x0", *"seat"], ["z"])], [x], c)
        case(f"Slice_{kind}_old", [node("Slice", starts=[1, 0], ends=[3, 2], axes=[0, 2])], [x], opset=9)
        case(f"Transpose_{kind}", [node("Transpose")], [x])
        case(f"Transpose_{kind}_perm", [node("Transpose", perm=[1, 0, 2])], [x])
        for axis in (0, 1, 2, 3, -1):
            case(f"Flatten_{kind}_{axis}", [node("Flatten", axis=axis)], [x])
        case(f"Unsqueeze_{kind}", [h.make_node("Unsqueeze", ["x0", "a"], ["z"])], [x], {"a": np.array([0, -1])})
        case(f"Unsqueeze_{kind}_old", [node("Unsqueeze", axes=[1])], [x], opset=11)
        case(f"Shape_{kind}", [node("Shape")], [x])
        for largest in (0, 1):
            for axis in (0, 1, -1):
                v = rng.integers(0, 5, (6, 7)).astype(KINDS[kind])
                n = h.make_node("TopK", ["x0", "k"], ["z", "i"], axis=axis, largest=largest)
                case(f"TopK_{kind}_{largest}_{axis}", [n], [v], {"k": np.array([3])}, outputs=("z", "i"))
        v = rng.integers(0, 5, (3, 150)).astype(KINDS[kind])
        case(f"TopK_{kind}_many", [h.make_node("TopK", ["x0", "k"], ["z", "i"])], [v], {"k": np.array([100])}, outputs=("z", "i"))
    case("ConstantOfShape", [node("ConstantOfShape", value=numpy_helper.from_array(np.array([7])))], [np.array([2, 3])])
    for op in ("Sum", "Mean", "Max", "Min", "SumSquare", "L1", "L2", "LogSumExp"):
        for kind in "fd":
            for j, (shape, axes) in enumerate([((5, 4), [1]), ((5, 11), [-1]), ((5, 27), [1]), ((5, 4), [0]), ((2, 3, 4), [1]), ((2, 3, 4), [1, 2])]):
                for keep in (0, 1):
                    case(f"Reduce{op}_{kind}_{j}_{keep}", [h.make_node("Reduce" + op, ["x0", "a"], ["z"], keepdims=keep)],
                         [numbers(kind, *shape)], {"a": np.array(axes)}, opset=18)
            case(f"Reduce{op}_{kind}_old", [node("Reduce" + op, axes=[1])], [numbers(kind, 3, 4)], opset=11)
    for kind in "fdl":
        case(f"ArgMin_{kind}", [node("ArgMin", axis=1)], [rng.integers(0, 4, (5, 6)).astype(KINDS[kind])])


def linear():
    ml = lambda op, outputs=("z",), **attrs: h.make_node(op, ["x0"], list(outputs), domain="ai.onnx.ml", **attrs)
    for kind in "fdli":
        x = numbers(kind, 20, 4)
        for post in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"):
            for classes, targets in ((3, 3), (2, 2), (2, 1)):
                a = dict(coefficients=rng.standard_normal(4 * targets).tolist(), intercepts=rng.standard_normal(targets).tolist(),
                         classlabels_ints=list(range(classes)), post_transform=post)
                case(f"Linear_{kind}_{post}_{classes}_{targets}", [ml("LinearClassifier", "lp", **a)], [x], outputs="lp")
        for name in ("LINEAR", "POLY", "RBF", "SIGMOID"):
            for classes in (2, 3):
                pairs = classes * (classes - 1) // 2
                for proba in (False, True):
                    a = dict(kernel_type=name, kernel_params=[0.02, 0.5, 3.0], vectors_per_class=[5] * classes, rho=rng.standard_normal(pairs).tolist(),
                             support_vectors=rng.standard_normal(20 * classes).tolist(), classlabels_strings=[f"c{i}" for i in range(classes)],
                             coefficients=rng.standard_normal(5 * classes * (classes - 1)).tolist())
                    if proba:
                        a |= dict(prob_a=(-rng.random(pairs)).tolist(), prob_b=rng.standard_normal(pairs).tolist())
                    case(f"SVM_{kind}_{name}_{classes}_{proba}", [ml("SVMClassifier", "lp", **a)], [x], outputs="lp")
    a = dict(coefficients=rng.standard_normal(12).tolist(), intercepts=[1.0, 2.0, 3.0], targets=3)
    case("LinearRegressor", [ml("LinearRegressor", **a)], [numbers("f", 5, 4)])
    case("Binarizer", [ml("Binarizer", threshold=0.5)], [numbers("f", 5, 4)])
    x = numbers("f", 5, 4)
    x[1, 2] = np.nan
    case("Imputer", [ml("Imputer", imputed_value_floats=[1.0, 2.0, 3.0, 4.0], replaced_value_float=float("nan"))], [x])
    case("LabelEncoder", [ml("LabelEncoder", keys_int64s=[1, 2, 3], values_strings=["a", "b", "c"], default_string="?")], [np.array([3, 1, 9])], ml=2)
    words = np.array([["b"], ["a"], ["z"]], object)
    for zeros in (0, 1):
        case(f"OneHot_texts_{zeros}", [ml("OneHotEncoder", cats_strings=["a", "b"], zeros=zeros)], [words[:2]])
    case("OneHot_unknown", [ml("OneHotEncoder", cats_strings=["a", "b"], zeros=1)], [words])
    case("OneHot_vector", [ml("OneHotEncoder", cats_strings=["a", "b"], zeros=1)], [words[:, 0]])
    for kind in "lfd":
        case(f"OneHot_{kind}", [ml("OneHotEncoder", cats_int64s=[3, 1, 7])], [np.array([[1, 7], [3, 4], [2, -1]], KINDS[kind])])
    case("OneHot_fractions", [ml("OneHotEncoder", cats_int64s=[3, 1, 0])], [np.array([[1.9, 3.2], [-0.5, 0.5]], np.float32)])
    for kind in "lifd":
        inputs = [numbers(kind, 3, width) for width in (1, 2, 1)]
        case(f"Vectorizer_{kind}", [node("FeatureVectorizer", 3, "ai.onnx.ml", inputdimensions=[1, 2, 1])], inputs)
    case("Texts_joined", [h.make_node("Concat", ["x0", "x1"], ["z"], axis=1)], [words, words[::-1]])
    for kind in "fd":
        for metric in ("euclidean", "sqeuclidean"):
            for width in (3, 4, 11):
                n = h.make_node("CDist", ["x0", "x1"], ["z"], domain="com.microsoft", metric=metric)
                case(f"CDist_{kind}_{metric}_{width}", [n], [numbers(kind, 6, width), numbers(kind, 9, width)], microsoft=True)


def regressions():
    every = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
    for kind in "fd":
        for targets in (1, 3):
            for aggregate in ("SUM", "AVERAGE"):
                a = random_trees(7, every, 5, list(range(targets)), lambda: rng.standard_normal(), True, False)
                a = {k.replace("class_", "target_"): v for k, v in a.items()} | {"n_targets": targets, "aggregate_function": aggregate}
                a["base_values"] = rng.standard_normal(targets).tolist()
                n = h.make_node("TreeEnsembleRegressor", ["x0"], ["z"], domain="ai.onnx.ml", **a)
                case(f"Regressor_{kind}_{targets}_{aggregate}", [n], [tree_rows(kind, 5)])
        tensor = lambda v, t=KINDS[kind]: numpy_helper.from_array(np.array(v, t))
        n = h.make_node(
            "TreeEnsemble", ["x0"], ["z"], domain="ai.onnx.ml", n_targets=2, tree_roots=[0, 2], nodes_featureids=[0, 2, 1],
            nodes_splits=tensor([0.5, -1.0, 1.0]), nodes_modes=tensor([0, 3, 1], np.uint8), nodes_truenodeids=[1, 0, 3], nodes_falsenodeids=[0, 1, 3],
            nodes_trueleafs=[0, 1, 1], nodes_falseleafs=[1, 1, 1], leaf_targetids=[0, 1, 0, 1], leaf_weights=tensor([1.5, -2.0, 3.0, 0.25]))
        case(f"TreeEnsemble_{kind}", [n], [tree_rows(kind, 5)], ml=5)


core()
ml()
ensembles()
elementwise()
moves()
linear()
regressions()
