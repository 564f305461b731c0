package predictsvc

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
)

// source is where a model came from: what its URI led to when it was asked.
type source struct {
	URI         string `json:"uri"`
	Name        string `json:"name,omitempty"`
	Version     string `json:"version,omitempty"`
	RunID       string `json:"run_id,omitempty"`
	ModelID     string `json:"model_id,omitempty"`
	ArtifactURI string `json:"artifact_uri"`
}

// name is what answers call the model: its registered name, and for one that is in no registry its id or its place.
func (s source) name() string { return cmp.Or(s.Name, s.ModelID, s.URI) }

// files names the folder of the model's files in the cache. Versions that share a logged model share its files.
func (s source) files() string {
	sum := sha256.Sum256([]byte(s.ModelID + "\x00" + s.ArtifactURI))
	return hex.EncodeToString(sum[:16])
}
