package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxLogo bounds the logo: it is kept in memory and sent with every first visit.
const maxLogo = 256 << 10

// addLogo puts the brand's logo in the place of ours.
func addLogo(files map[string]file, from string) error {
	if from == "" {
		return nil
	}
	body, err := readLogo(from)
	if err != nil {
		return fmt.Errorf("brand.logo: %w", err)
	}
	delete(files, "logo.svg")
	name := "logo" + strings.ToLower(filepath.Ext(from))
	files[name] = newFile(name, body)
	return nil
}

func readLogo(from string) ([]byte, error) {
	f, err := os.Open(from)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxLogo+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxLogo {
		return nil, fmt.Errorf("%s is larger than %d KiB", from, maxLogo>>10)
	}
	return body, checkLogo(from, body)
}

// checkLogo looks into the image, so that a page of HTML that was saved under
// the wrong name is found now.
func checkLogo(from string, body []byte) error {
	switch strings.ToLower(filepath.Ext(from)) {
	case ".png":
		if !bytes.HasPrefix(body, []byte("\x89PNG\r\n\x1a\n")) {
			return fmt.Errorf("%s is no PNG image", from)
		}
	case ".svg":
		if !bytes.Contains(body, []byte("<svg")) {
			return fmt.Errorf("%s is no SVG image", from)
		}
	default:
		return errors.New("must be a file that ends in .svg or .png")
	}
	return nil
}

// logo is the name of the logo among the static files.
func (rn *Renderer) logo() string {
	if _, ok := rn.files["logo.png"]; ok {
		return "logo.png"
	}
	return "logo.svg"
}
