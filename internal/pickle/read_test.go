package pickle

import (
	"errors"
	"fmt"
	"runtime/metrics"
	"strings"
	"testing"

	"mlopsgo/internal/pyobject"
)

// Parts of pickles: numpy.dtype('<f8') and '<i4', and the beginning of an array before its state.
const (
	float64Type = "cnumpy\ndtype\n(\x8c\x02f8\x89\x88tR(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
	int32Type   = "cnumpy\ndtype\n(\x8c\x02i4\x89\x88tR(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
	emptyArray  = "cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR"
	two         = "\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40" // 1.0, 2.0
)

func TestRead(t *testing.T) {
	for data, want := range map[string]string{
		"N.": "None", "\x88.": "True", "\x89.": "False", "I01\n.": "True", "I00\n.": "False",
		"I-7\n.": "-7", "L7L\n.": "7", "K\xff.": "255", "M\x00\x01.": "256", "J\xfe\xff\xff\xff.": "-2",
		"L123456789012345678901234567890L\n.": "123456789012345678901234567890",
		"\x8a\x00.":                           "0", "\x8a\x01\xff.": "-1", "\x8a\x02\xff\x00.": "255", "\x8b\x01\x00\x00\x00\x80.": "-128",
		"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.": "18446744073709551616",
		"F1.5\n.": "1.5", "G\x3f\xf8\x00\x00\x00\x00\x00\x00.": "1.5", "Finf\n.": "+Inf",
		"X\x02\x00\x00\x00\xc3\xbc.": `"ü"`, "\x8c\x01a.": `"a"`, "\x8d\x01\x00\x00\x00\x00\x00\x00\x00a.": `"a"`,
		"Va\\u00fc\xfc\\x\\U0001F377\n.": `"aüü\\x🍷"`,
		"C\x02ab.":                       "b[97 98]", "B\x01\x00\x00\x00a.": "b[97]", "\x96\x01\x00\x00\x00\x00\x00\x00\x00a.": "b[97]",
		"c_codecs\nencode\n(V\xff\nVlatin1\ntR.": "b[255]", "c__builtin__\nbytes\n)R.": "b[]",
		").": "()", "K\x01\x85.": "(1)", "K\x01K\x02K\x03\x87.": "(1 2 3)", "(K\x01K\x02t.": "(1 2)",
		"]K\x01a(K\x02K\x03e.": "[1 2 3]", "(K\x01l.": "[1]",
		"}\x8c\x01aK\x01s(\x8c\x01bK\x02u.": `{"a":1 "b":2}`, "(\x8c\x01aK\x01d.": `{"a":1}`,
		"\x80\x05\x95\x00\x00\x00\x00\x00\x00\x00\x00K\x07\x94h\x00\x86.": "(7 7)",
		"K\x07p9\n0g9\n.": "7", "K\x07q\x05q\x06\x30h\x05.": "7", "K\x07r\x05\x00\x00\x00\x30j\x05\x00\x00\x00.": "7",
		"K\x072\x86.": "(7 7)", "K\x07(K\x08K\x091.": "7", "K\x07(0.": "7",
		"csklearn.svm._classes\nSVC\n)\x81}\x8c\x01CK\x01sb.":                                                                       `sklearn.svm._classes.SVC(){"C":1}`,
		"\x8c\x14sklearn.svm._classes\x8c\x03SVC\x93)R.":                                                                            "sklearn.svm._classes.SVC()None",
		"ccopy_reg\n_reconstructor\n(csklearn.svm._classes\nSVC\nc__builtin__\nobject\nNtR.":                                        "sklearn.svm._classes.SVC(builtins.object None)None",
		emptyArray + "(K\x01(K\x02t" + float64Type + "\x89C\x10" + two + "tb.":                                                      "f8 [2] [1 2] <nil>",
		"cnumpy._core.numeric\n_frombuffer\n(\x96\x10\x00\x00\x00\x00\x00\x00\x00" + two + float64Type + "(K\x01K\x02t\x8c\x01FtR.": "f8 [1 2] [1 2] <nil>",
		"cnumpy.core.multiarray\nscalar\n(" + int32Type + "C\x04\xff\xff\xff\xfftR.":                                                "i4 [] [-1] <nil>",
	} {
		v, err := Read([]byte(data))
		if err != nil || show(v) != want {
			t.Errorf("%q: %s (%v), want %s", data, show(v), err, want)
		}
	}
}

// show writes a value for a comparison.
func show(v pyobject.Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case string:
		return fmt.Sprintf("%q", v)
	case pyobject.Bytes:
		return fmt.Sprintf("b%d", []byte(v))
	case pyobject.Tuple:
		return "(" + showAll(v) + ")"
	case *pyobject.List:
		return "[" + showAll(v.Items) + "]"
	case *pyobject.Dict:
		var pairs []string
		for i, key := range v.Keys {
			pairs = append(pairs, show(key)+":"+show(v.Values[i]))
		}
		return "{" + strings.Join(pairs, " ") + "}"
	case *pyobject.Object:
		return string(v.Class) + show(v.Args) + show(v.State)
	case *pyobject.Array:
		values, err := v.Floats()
		return strings.TrimSpace(fmt.Sprintln(v.Type, v.Shape, values, err))
	}
	return fmt.Sprint(v)
}

func showAll(values []pyobject.Value) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = show(v)
	}
	return strings.Join(texts, " ")
}

// refused are pickles that must not be read, and what the error says.
var refused = map[string]string{
	"":                                       "ends",
	"N":                                      "ends",
	".":                                      "stack",
	"cos\nsystem\n(V/bin/true\ntR.":          "os.system",
	"cbuiltins\neval\n.":                     "builtins.eval",
	"\x8c\x02os\x8c\x06system\x93.":          "os.system",
	"c__builtin__\ngetattr\n.":               "__builtin__.getattr",
	"csklearn.utils\n_joblib.os\n.":          "sklearn.utils._joblib.os",
	"K\x01K\x02\x93.":                        "not a text",
	"P1\n.":                                  `instruction 'P'`,
	"N\x51.":                                 `instruction 'Q'`,
	"\x82\x01.":                              "instruction",
	"(ios\nsystem\n.":                        "instruction 'i'",
	"\x80\x06N.":                             "protocol 6",
	"]\x94h\x00a.":                           "contains itself",
	"}\x94\x8c\x01ah\x00s.":                  "contains itself",
	"](\x94h\x00t.":                          "stack",
	"\x85.":                                  "stack",
	"a.":                                     "stack",
	"t.":                                     "no mark",
	"g1\n.":                                  "not kept",
	"Kx":                                     "ends",
	"X\xff\xff\xff\xffa.":                    "ends",
	"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.": "ends",
	"X\x01\x00\x00\x00\xff.":                 "UTF-8",
	"V\\u12\n.":                              "cut off",
	"V\\ud800\n.":                            "escape",
	"Ia\n.":                                  "not an integer",
	"L" + strings.Repeat("9", 300) + "\n.":   "not an integer",
	"\x8b\x00\x02\x00\x00" + strings.Repeat("\x01", 512) + ".": "512 bytes",
	"K\x01K\x02a.":                           "filled",
	"}(K\x01u.":                              "without a value",
	"K\x01)R.":                               "a call of 1",
	"K\x01}b.":                               "a state for 1",
	"csklearn.svm._classes\nSVC\n)\x81}b}b.": "twice",
	"csklearn.neighbors._kd_tree\nnewObj\n)R.":                                                          "no class",
	"c_codecs\nencode\n(V\\u0100\nVlatin1\ntR.":                                                         "character",
	"c_codecs\nencode\n(Vcalc\nVrot13\ntR.":                                                             "does not give bytes",
	"cbuiltins\nbytes\nJ\xff\xff\xff\x7f\x85R.":                                                         "bytes of 2147483647",
	"cnumpy\ndtype\n(\x8c\x04U9e9tR.":                                                                   "not supported",
	"cnumpy\ndtype\n(\x8c\x0bU1000000000tR.":                                                            "not supported",
	emptyArray + "(K\x01(K\x03t" + float64Type + "\x89C\x10" + two + "tb.":                              "16 bytes do not fill",
	emptyArray + "(K\x01(J\xff\xff\xff\xfft" + float64Type + "\x89C\x10" + two + "tb.":                  "shape",
	emptyArray + "(K\x01(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft" + float64Type + "\x89C\x10" + two + "tb.": "more than",
	emptyArray + "(K\x01(K\x02tN\x89C\x10" + two + "tb.":                                                "type of an array",
	strings.Repeat("]", 102) + strings.Repeat("a", 101) + ".":                                           "nested",
}

func TestReadRefuses(t *testing.T) {
	for data, says := range refused {
		v, err := Read([]byte(data))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60q: %v, want one that says %q (%s)", data, err, says, show(v))
		}
		if err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrRefused) && !errors.Is(err, pyobject.ErrFormat) {
			t.Errorf("%.60q: %v is of no kind", data, err)
		}
	}
}

// TestSharedTuplesAreLookedAtOnce: each of a hundred tuples holds the one before twice; walking every path would take 2^100 steps.
func TestSharedTuplesAreLookedAtOnce(t *testing.T) {
	if _, err := Read([]byte("K\x01" + strings.Repeat("2\x86", 90) + ".")); err != nil {
		t.Error(err)
	}
}

// FuzzRead: nothing panics, and no file makes more of itself than a multiple of its size.
func FuzzRead(f *testing.F) {
	for data := range refused {
		f.Add([]byte(data))
	}
	f.Add([]byte(emptyArray + "(K\x01(K\x02t" + float64Type + "\x89C\x10" + two + "tb."))
	f.Add([]byte("csklearn.svm._classes\nSVC\n)\x81}\x8c\x01CK\x01sb."))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		_, err := Read(data)
		if after := allocated(); after-before > 1000*uint64(len(data))+1<<20 {
			t.Errorf("%d bytes took %d (%v)", len(data), after-before, err)
		}
	})
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
