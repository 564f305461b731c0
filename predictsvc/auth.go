package predictsvc

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/gin-gonic/gin"
)

// shortestToken is the fewest characters of a token: a shorter one can be guessed over a fast network.
const shortestToken = 16

// tokenSum is what is kept of a token. All sums are of one length, so that comparing them tells nothing of a token's own.
type tokenSum [sha256.Size]byte

// tokens are those that are accepted.
type tokens struct {
	fixed []tokenSum
	file  *watchedFiles[[]tokenSum] // nil without a file
}

func newTokens(access AccessConfig, logger *slog.Logger) (*tokens, error) {
	t := &tokens{}
	for _, token := range access.Tokens {
		t.fixed = append(t.fixed, sha256.Sum256([]byte(token)))
	}
	if access.TokenFile == "" {
		return t, nil
	}
	var err error
	t.file, err = watchFiles("tokens", logger, func() ([]tokenSum, error) { return readTokens(access.TokenFile) }, access.TokenFile)
	return t, err
}

// readTokens reads a file of tokens. An error names the line and never what stands there.
func readTokens(path string) ([]tokenSum, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var sums []tokenSum
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		token := strings.TrimSpace(lines.Text())
		if token == "" || token[0] == '#' {
			continue
		}
		if err := checkToken(token); err != nil {
			return nil, fmt.Errorf("%s:%d: the token %w", path, n, err)
		}
		sums = append(sums, sha256.Sum256([]byte(token)))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(sums) == 0 {
		return nil, fmt.Errorf("%s holds no token; nobody could ask anything", path)
	}
	return sums, nil
}

// checkToken takes what RFC 6750 lets stand in the header.
func checkToken(token string) error {
	if len(token) < shortestToken {
		return fmt.Errorf("has fewer than %d characters", shortestToken)
	}
	for _, r := range token {
		if r <= ' ' || r > '~' {
			return errors.New("has a character that is not printable ASCII, or a space")
		}
	}
	return nil
}

// known compares with all tokens, in a time that depends on neither.
func (t *tokens) known(token string) bool {
	sum := tokenSum(sha256.Sum256([]byte(token)))
	found := 0
	for _, one := range t.fixed {
		found |= subtle.ConstantTimeCompare(one[:], sum[:])
	}
	if t.file != nil {
		for _, one := range t.file.get() {
			found |= subtle.ConstantTimeCompare(one[:], sum[:])
		}
	}
	return found == 1
}

// authorize refuses a request without a token that is known.
func (s *Service) authorize(c *gin.Context, known *tokens) {
	if openPaths[c.Request.URL.Path] || c.FullPath() == webhookPath || isAsset(c.FullPath()) {
		return
	}
	scheme, token, _ := strings.Cut(c.Request.Header.Get("Authorization"), " ")
	switch token = strings.TrimSpace(token); {
	case token == "" || !strings.EqualFold(scheme, "Bearer"):
		c.Header("WWW-Authenticate", `Bearer realm="predictor"`)
		s.refuse(c, refusef(http.StatusUnauthorized, "a token is needed: send the header Authorization: Bearer <token>"))
	case !known.known(token):
		c.Header("WWW-Authenticate", `Bearer realm="predictor", error="invalid_token"`)
		s.refuse(c, refusef(http.StatusUnauthorized, "the token is not one that this service knows, or no longer"))
	}
}
