package web

import (
	"fmt"
	"math"
	"strconv"
)

// color is an sRGB colour, each part 0 to 255.
type color struct{ r, g, b uint8 }

func parseColor(s string) (color, error) {
	n, err := strconv.ParseUint(s[min(1, len(s)):], 16, 24)
	if err != nil || len(s) != 7 || s[0] != '#' {
		return color{}, fmt.Errorf("%q is no colour such as #2456a6", s)
	}
	return color{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

func (c color) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// luminance is the relative luminance of WCAG 2.2.
func (c color) luminance() float64 {
	linear := func(part uint8) float64 {
		v := float64(part) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b color) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// toward mixes c with a part of other, in hundredths.
func (c color) toward(other color, hundredths int) color {
	mix := func(a, b uint8) uint8 {
		return uint8((int(a)*(100-hundredths) + int(b)*hundredths) / 100)
	}
	return color{mix(c.r, other.r), mix(c.g, other.g), mix(c.b, other.b)}
}

// enough is the contrast that text needs (WCAG 2.2, 1.4.3, level AA), with a
// little more for the shades that lie between two colours of ours.
const enough = 4.6

// readable moves c towards end until it can be read on paper. A brand colour is
// chosen for a logo, not for links: yellow on white would be a page without links.
func (c color) readable(paper, end color) color {
	for step := range 100 {
		if mixed := c.toward(end, step); contrast(mixed, paper) >= enough {
			return mixed
		}
	}
	return end
}

// ink is black or white, whichever can be read on c.
func (c color) ink() color {
	white, black := color{255, 255, 255}, color{10, 12, 16}
	if contrast(c, white) >= enough || contrast(c, white) >= contrast(c, black) {
		return white
	}
	return black
}
