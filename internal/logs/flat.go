package logs

import (
	"log/slog"
	"slices"
	"strings"
)

// flatten appends a to flat under its dotted name; a group becomes its members.
func flatten(flat []slog.Attr, prefix string, a slog.Attr) []slog.Attr {
	v := a.Value.Resolve()
	switch {
	case v.Kind() == slog.KindGroup:
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range v.Group() {
			flat = flatten(flat, prefix, member)
		}
		return flat
	case a.Key == "" && v.Equal(slog.Value{}):
		return flat // an empty attribute is to be left out (slog.Handler)
	case v.Kind() == slog.KindString:
		v = slog.StringValue(bounded(v.String()))
	}
	return append(flat, slog.Attr{Key: name(prefix + a.Key), Value: v})
}

// name keeps attributes away from the fields of the line itself: nobody who
// logs a header called "message" may change what a line says.
func name(key string) string {
	switch key {
	case fieldTime, fieldLevel, fieldMessage, fieldVersion, fieldService,
		slog.TimeKey, slog.LevelKey, slog.MessageKey:
		return service + "." + key
	}
	return key
}

// last keeps the last attribute of each name, in the order of the first. A line
// has a dozen of them: looking through them is quicker than a map.
func last(attrs []slog.Attr) []slog.Attr {
	kept := attrs[:0]
	for _, a := range attrs {
		if i := slices.IndexFunc(kept, func(k slog.Attr) bool { return k.Key == a.Key }); i >= 0 {
			kept[i] = a
			continue
		}
		kept = append(kept, a)
	}
	return kept
}

// maxValue bounds one text of a line: a client's 16 KiB URL or an upstream's
// page must not fill the disk a line at a time.
const maxValue = 8 << 10

// bounded cuts text that is too long, between characters.
func bounded(text string) string {
	if len(text) <= maxValue {
		return text
	}
	return strings.ToValidUTF8(text[:maxValue], "") + "…"
}
