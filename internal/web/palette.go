package web

import (
	"bytes"
	"fmt"
)

// palette is the part of the style sheet that follows from the brand's colour:
// the colour itself as far as it can be read on light and dark paper, and the
// ink for what is written on it.
func palette(brand string) (string, error) {
	c, err := parseColor(brand)
	if err != nil {
		return "", err
	}
	white := color{255, 255, 255}
	light := c.onLight()
	dark := c.readable(color{0x23, 0x27, 0x2f}, white)
	const rule = ":root{--accent:%s;--accent-deep:%s;--on-accent:%s}\n"
	return fmt.Sprintf(rule+"@media (prefers-color-scheme:dark){"+rule+"}\n",
		light, light.toward(color{}, 15), light.ink(),
		dark, dark.toward(white, 20), dark.ink()), nil
}

// onLight is the colour as far as it can be read on light paper, and carries white.
func (c color) onLight() color {
	return c.readable(color{0xf4, 0xf5, 0xf7}, color{})
}

// tinted gives our own drawing the brand's colour; its lines are white.
func tinted(logo []byte, brand string) []byte {
	c, err := parseColor(brand)
	if err != nil {
		return logo // checked before
	}
	return bytes.ReplaceAll(logo, []byte(Default().Brand.Color), []byte(c.onLight().String()))
}
