package web_test

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"testing"

	"github.com/esgateway/esgateway/internal/web"
)

var palettePattern = regexp.MustCompile(`--accent:(#\w{6});--accent-deep:(#\w{6});--on-accent:(#\w{6})`)

// ratio is the contrast ratio of WCAG 2.2, written down a second time.
func ratio(t testing.TB, a, b string) float64 {
	t.Helper()
	light := func(c string) float64 {
		n, err := strconv.ParseUint(c[1:], 16, 24)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
			v := float64(n>>(8*i)&0xff) / 255
			if v <= 0.04045 {
				sum += weight * v / 12.92
			} else {
				sum += weight * math.Pow((v+0.055)/1.055, 2.4)
			}
		}
		return sum
	}
	x, y := light(a), light(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

// TestEveryColorCanBeRead: whatever a brand's colour is, links stand out from
// the paper and buttons can be read, in light and in dark (WCAG 2.2, 1.4.3).
func TestEveryColorCanBeRead(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"00", "40", "80", "c0", "ff"} {
		for _, rest := range []string{"0000", "00ff", "ff00", "ffff", "8080", "cc00", "0080", "4040"} {
			brand := "#" + part + rest
			t.Run(brand, func(t *testing.T) {
				t.Parallel()
				rn, _ := renderer(t, func(c *web.Config) { c.Brand.Color = brand })
				css := get(rn, http.MethodGet, "/_gateway/static/gateway.css").Body.String()
				found := palettePattern.FindAllStringSubmatch(css, -1)
				if len(found) != 2 {
					t.Fatalf("%d palettes, want one for light and one for dark", len(found))
				}
				checkPalette(t, found[0], "#ffffff", "#f4f5f7")
				checkPalette(t, found[1], "#1b1f26", "#23272f")
			})
		}
	}
}

func checkPalette(t *testing.T, p []string, papers ...string) {
	t.Helper()
	accent, deep, ink := p[1], p[2], p[3]
	for _, paper := range papers {
		for name, c := range map[string]string{"accent": accent, "accent-deep": deep} {
			if got := ratio(t, c, paper); got < 4.5 {
				t.Errorf("%s", fmt.Sprintf("%s %s on %s: %.2f, want 4.5", name, c, paper, got))
			}
		}
	}
	for _, c := range []string{accent, deep} {
		if got := ratio(t, ink, c); got < 4.5 {
			t.Errorf("ink %s on %s: %.2f, want 4.5", ink, c, got)
		}
	}
}

// TestInksOfTheStyleSheet holds its fixed colours to the same measure.
func TestInksOfTheStyleSheet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, ink, paper string
		want             float64
	}{
		{"text", "#1a2029", "#f4f5f7", 4.5},
		{"muted text", "#596273", "#f4f5f7", 4.5},
		{"edges of controls", "#8891a0", "#ffffff", 3},
		{"text on a notice", "#1a2029", "#fdf6e7", 4.5},
		{"text, dark", "#e9ecf1", "#23272f", 4.5},
		{"muted text, dark", "#a6afbd", "#23272f", 4.5},
		{"edges of controls, dark", "#737d8c", "#1b1f26", 3},
		{"text on a notice, dark", "#e9ecf1", "#2b2619", 4.5},
	} {
		if got := ratio(t, tc.ink, tc.paper); got < tc.want {
			t.Errorf("%s: %s on %s is %.2f, want %.1f", tc.name, tc.ink, tc.paper, got, tc.want)
		}
	}
}
