package predictsvc

import "strings"

// isAsset tells whether a route serves a file of the pages.
func isAsset(route string) bool {
	return route == "/" || route == "/docs" || strings.HasPrefix(route, "/assets/")
}
