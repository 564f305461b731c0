package stack_test

import (
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"mlopsgo/internal/stack"
)

func TestBrowserShowsPage(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<title>red wine</title><body style="background:#800020"><script>document.title += " quality"</script>`))
	}))
	defer page.Close()
	ctx := stack.Browser(t)
	if err := chromedp.Do(ctx, chromedp.Navigate(page.URL)); err != nil {
		t.Fatal(err)
	}
	if title, err := chromedp.Run(ctx, chromedp.Title()); err != nil || title != "red wine quality" {
		t.Errorf("title %q, error %v; its script did not run", title, err)
	}

	t.Setenv("STACK_SCREENSHOTS", t.TempDir())
	file, err := os.Open(stack.Screenshot(t, ctx, "page"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := picture.At(10, 10).RGBA(); r>>8 != 0x80 || g>>8 != 0 || b>>8 != 0x20 {
		t.Errorf("the picture's colour is #%02x%02x%02x, the page's #800020", r>>8, g>>8, b>>8)
	}
}

// A page must not make the tests dial anything but this machine.
func TestBrowserReachesThisMachineOnly(t *testing.T) {
	ctx := stack.Browser(t)
	err := chromedp.Do(ctx, chromedp.Navigate("http://example.com/"))
	if err == nil {
		t.Fatal("the browser resolved example.com")
	}
	t.Log(err)
}
