package embedded

import (
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"strconv"
)

// randomRunName makes a name of MLflow's form, adjective-noun-number, for a run that was given none.
func randomRunName() string {
	return nameAdjectives[chance(len(nameAdjectives))] + "-" + nameNouns[chance(len(nameNouns))] + "-" + strconv.Itoa(chance(1000))
}

// chance is a number from 0 to n-1.
func chance(n int) int {
	k, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil { // crypto/rand's Reader does not fail
		return 0
	}
	return int(k.Int64())
}

// newID is a random UUID (version 4) as 32 hexadecimal digits, MLflow's form of ids.
func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return hex.EncodeToString(id[:])
}

var nameAdjectives = [...]string{
	"amber", "brisk", "calm", "candid", "cheerful", "clever", "cosy", "crisp", "curious", "dapper", "deft", "dry",
	"eager", "earnest", "fair", "fresh", "fruity", "gentle", "glad", "golden", "hardy", "honest", "jolly", "keen",
	"kind", "light", "lively", "loyal", "lucid", "mellow", "merry", "mild", "neat", "noble", "patient", "placid",
	"polite", "proud", "quick", "quiet", "ready", "rich", "ripe", "robust", "round", "ruby", "sharp", "silent",
	"silky", "sincere", "smooth", "snug", "spry", "steady", "still", "subtle", "sunny", "supple", "swift", "tidy",
	"upbeat", "velvet", "vivid", "warm", "wise", "witty", "young", "zesty",
}

var nameNouns = [...]string{
	"badger", "barrel", "beaver", "bison", "bottle", "bramble", "cask", "cellar", "cherry", "cork", "crane", "currant",
	"deer", "dove", "falcon", "ferret", "finch", "fox", "gecko", "grape", "grouse", "hare", "harvest", "hawk",
	"heron", "hill", "ibis", "jackdaw", "lark", "linnet", "lynx", "magpie", "marten", "merlin", "mole", "newt",
	"oak", "orchard", "otter", "owl", "partridge", "plover", "plum", "press", "quail", "raven", "robin", "shrew",
	"slope", "snipe", "sparrow", "starling", "stoat", "stork", "swan", "terrace", "thrush", "toad", "trellis", "trout",
	"valley", "vine", "vintner", "vole", "walnut", "weasel", "willow", "wren",
}
