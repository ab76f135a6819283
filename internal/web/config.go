package web

import (
	"errors"
	"fmt"
	"strings"
)

// Config is what the gateway's own pages look like and where they are.
type Config struct {
	// Prefix is the path below which the gateway's own pages live. It begins
	// with a slash, does not end with one, and no application behind the gateway
	// can use it.
	Prefix string `yaml:"prefix"`
	// HTTPS says that people reach the gateway by https, so that browsers may be
	// told to use nothing else. It follows from public_url.
	HTTPS bool `yaml:"-"`
	// Brand makes the pages look like yours.
	Brand Brand `yaml:"brand"`
}

// Brand is what the gateway's pages show of the organisation that runs it.
type Brand struct {
	// Title is the name on every page and in the browser's tab.
	Title string `yaml:"title"`
	// Logo is the path of an SVG or PNG image of at most 256 KiB, shown 40
	// pixels high beside the title. Empty: a small drawing of our own.
	Logo string `yaml:"logo"`
	// Color is the colour of buttons and links, as #rrggbb. Where it would be
	// hard to read it is made darker, or lighter on dark screens.
	Color string `yaml:"color"`
	// Texts are paragraphs of your own.
	Texts Texts `yaml:"texts"`
}

// Texts are additional paragraphs of plain text. An empty line begins a new
// paragraph; markup is shown as it is written.
type Texts struct {
	// SignIn stands on the sign-in page, below the buttons.
	SignIn string `yaml:"sign_in"`
	// SignedOut stands on the page after a sign-out.
	SignedOut string `yaml:"signed_out"`
	// Help stands on pages that say that something went wrong: whom to call.
	Help string `yaml:"help"`
}

// Default is the configuration of a gateway that nobody has dressed up.
func Default() Config {
	return Config{
		Prefix: "/_gateway",
		Brand:  Brand{Title: "esgateway", Color: "#2456a6"},
	}
}

// maxTitle bounds the brand's name: it stands in a heading and in every tab.
const maxTitle = 100

// check reports everything that is wrong with a configuration.
func (c Config) check() error {
	var wrong []error
	if !validPrefix(c.Prefix) {
		wrong = append(wrong, fmt.Errorf(`prefix: %q must be a path such as "/_gateway": letters, digits, "-", "_" and "." between slashes, without a slash at the end`, c.Prefix))
	}
	if c.Brand.Title == "" || len(c.Brand.Title) > maxTitle {
		wrong = append(wrong, fmt.Errorf("brand.title: must have 1 to %d bytes, has %d", maxTitle, len(c.Brand.Title)))
	}
	if _, err := parseColor(c.Brand.Color); err != nil {
		wrong = append(wrong, fmt.Errorf("brand.color: %w", err))
	}
	return errors.Join(wrong...)
}

// validPrefix keeps the prefix to characters that no browser, router or
// template spells in two ways.
func validPrefix(prefix string) bool {
	for name := range strings.SplitSeq(strings.TrimPrefix(prefix, "/"), "/") {
		if name == "" || name == "." || name == ".." || strings.Trim(name, unreserved) != "" {
			return false
		}
	}
	return strings.HasPrefix(prefix, "/")
}

const unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
