package predictsvc

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// webFiles are the pages: nothing of them comes from another server, and none says anything about the model.
//
//go:embed web
var webFiles embed.FS

// pageRoutes are the pages and their files below web.
var pageRoutes = map[string]string{"/": "index.html", "/docs": "docs.html"}

const assetRoute = "/assets/:file"

// isAsset tells whether a route serves a file of the pages.
func isAsset(route string) bool {
	_, page := pageRoutes[route]
	return page || route == assetRoute
}

// webFile is a file as it is answered.
type webFile struct {
	data      []byte
	kind, tag string
}

// pagePolicy lets a page use its own files and this service, and nothing else (Content-Security-Policy, level 3).
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'"

// installPages adds the pages, and what they ask for.
func (s *Service) installPages(e *gin.Engine) error {
	files := map[string]webFile{}
	entries, err := webFiles.ReadDir("web")
	if err != nil {
		return fmt.Errorf("predictsvc: the pages: %w", err)
	}
	for _, entry := range entries {
		data, err := webFiles.ReadFile("web/" + entry.Name())
		if err != nil {
			return fmt.Errorf("predictsvc: the pages: %w", err)
		}
		sum := sha256.Sum256(data)
		files[entry.Name()] = webFile{data, kindOfFile(entry.Name()), `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	for route, name := range pageRoutes {
		e.GET(route, func(c *gin.Context) { s.file(c, files[name]) })
	}
	e.GET(assetRoute, func(c *gin.Context) {
		name := c.Param("file")
		file, ok := files[name]
		if kind := path.Ext(name); !ok || kind == ".html" || kind == ".json" {
			s.refuse(c, refusef(http.StatusNotFound, "there is no %s here", c.Request.URL.Path))
			return
		}
		s.file(c, file)
	})
	e.GET("/model", s.about)
	e.GET("/openapi.json", s.openAPI)
	return nil
}

// kindOfFile is the content type of a file. The system's own table of types may lack one, or have another.
func kindOfFile(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// file answers with a file, which a browser may keep as long as it asks whether it is still the same.
func (s *Service) file(c *gin.Context, file webFile) {
	header := c.Writer.Header()
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", file.tag)
	if strings.Contains(c.Request.Header.Get("If-None-Match"), file.tag) {
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, file.kind, file.data)
}
