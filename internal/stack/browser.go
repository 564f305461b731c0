package stack

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Browser starts a headless Chromium with an empty profile and returns the context that chromedp.Do and chromedp.Run take. It reaches pages on
// 127.0.0.1 only; the end of the test, or five minutes, close it.
func Browser(tb testing.TB) context.Context {
	tb.Helper()
	short(tb)
	program, err := chromium(tb.Context())
	if err != nil {
		missing(tb, "Chromium ("+err.Error()+")", "stack/chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.NoSandbox, // which Chromium cannot set up as root
		// WebGL, by which Prefect draws the graph of a run, computed by the processor.
		chromedp.Flag("use-gl", "angle"),
		chromedp.Flag("use-angle", "swiftshader"),
		chromedp.Flag("enable-unsafe-swiftshader", true),
		chromedp.NoFirstRun,
		chromedp.WindowSize(1400, 1000),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	// tb.Context ends before the clean-ups, and would kill the browser in the middle of its own.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 5*time.Minute)
	tb.Cleanup(cancel)
	ctx, cancelAllocator := chromedp.NewExecAllocator(ctx, options...)
	tb.Cleanup(cancelAllocator)
	ctx, _ = chromedp.NewContext(ctx)
	tb.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			tb.Logf("closing Chromium: %v", err)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("starting %s: %v", program, err)
	}
	return ctx
}

// Screenshot writes what the browser shows to <name>.png in the folder STACK_SCREENSHOTS, or in screenshots below what stack/cache
// prints, for a human to look at, and returns the file.
func Screenshot(tb testing.TB, ctx context.Context, name string) string {
	tb.Helper()
	dir := os.Getenv("STACK_SCREENSHOTS")
	if dir == "" {
		dir = filepath.Join(Cache(tb), "screenshots")
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		tb.Fatalf("screenshot %s: %v", name, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(dir, name+".png")
	if err := os.WriteFile(file, png, 0o644); err != nil {
		tb.Fatal(err)
	}
	tb.Logf("screenshot: %s", file)
	return file
}

// chromium finds the browser, and installs it under REQUIRE_STACK=1.
func chromium(ctx context.Context) (string, error) {
	if required() {
		return script(ctx, "chromium")
	}
	return script(ctx, "chromium", "--check")
}
