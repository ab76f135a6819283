package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/esgateway/esgateway/internal/login"
)

// proof turns a Config into a Ready, a check at a time. Checks note mistakes and
// go on: what they leave behind is used by nobody if there are any.
type proof struct {
	*reader
	cfg     Config
	plugins Plugins
	ready   *Ready
}

// all proves everything. The order matters where one check needs another's
// result: the public URL first, routes before landing.
func (p *proof) all() {
	p.public()
	p.listen()
	p.operations()
	p.elasticsearch()
	p.sessions()
	p.keys()
	p.store()
	p.methods()
	p.routes()
	p.pages()
	p.landing()
	p.log()
}

// warn notes what is allowed and still deserves a word.
func (p *proof) warn(key, text string) {
	at := p.spotOf(key)
	e := Error{File: cmp.Or(at.variable, p.file), Line: at.line, Key: key, Wrong: text}
	p.ready.Warnings = append(p.ready.Warnings, e.Error())
}

// missing complains about a key that has to be there.
func (p *proof) missing(key, right string) { p.wrong(key, "is missing", right) }

// each notes the mistakes that a package found in its own section, by key.
func (p *proof) each(section string, bad map[string]error) {
	for _, key := range slices.Sorted(maps.Keys(bad)) {
		p.wrong(join(section, key), bad[key].Error(), "")
	}
}

// lines notes the mistakes that a package found, one a line: "key: what is wrong;
// what would be right".
func (p *proof) lines(section string, err error) {
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		key, text, ok := strings.Cut(line, ": ")
		if !ok || strings.Contains(key, " ") {
			p.wrong(section, line, "")
			continue
		}
		wrong, right, _ := strings.Cut(text, "; ")
		p.wrong(join(section, key), wrong, right)
	}
}

// section notes what a plug-in found in its section.
func (p *proof) section(key string, err error) {
	if errors.Is(err, errReported) {
		return
	}
	if problems, ok := errors.AsType[login.Problems](err); ok {
		for _, one := range problems {
			p.wrong(join(key, one.Key), one.Text, "")
		}
		return
	}
	p.wrong(key, oneLine(err), "")
}

func (p *proof) log() {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[p.cfg.Log.Level]
	if !ok {
		p.wrong("log.level", fmt.Sprintf("%q is no level", p.cfg.Log.Level), "write "+list([]string{"debug", "info", "warn", "error"}))
	}
	p.ready.LogLevel = level
}

// list writes words as "a, b or c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
