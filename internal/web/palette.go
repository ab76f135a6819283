package web

import "fmt"

// palette is the part of the style sheet that follows from the brand's colour:
// the colour itself as far as it can be read on light and dark paper, and the
// ink for what is written on it.
func palette(brand string) (string, error) {
	c, err := parseColor(brand)
	if err != nil {
		return "", err
	}
	white, black := color{255, 255, 255}, color{0, 0, 0}
	light := c.readable(color{0xf4, 0xf5, 0xf7}, black)
	dark := c.readable(color{0x23, 0x27, 0x2f}, white)
	const rule = ":root{--accent:%s;--accent-deep:%s;--on-accent:%s}\n"
	return fmt.Sprintf(rule+"@media (prefers-color-scheme:dark){"+rule+"}\n",
		light, light.toward(black, 15), light.ink(),
		dark, dark.toward(white, 20), dark.ink()), nil
}
