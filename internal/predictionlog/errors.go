package predictionlog

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// dataError is [ErrInvalid] when the server refused the data themselves: SQLSTATE class 22 (data exception), 23 (integrity constraint)
// or 54 (program limit, such as a text that is too long). Anything else may pass by itself.
func dataError(err error) error {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return nil
	}
	for _, class := range []string{"22", "23", "54"} {
		if strings.HasPrefix(refused.Code, class) {
			return ErrInvalid
		}
	}
	return nil
}
