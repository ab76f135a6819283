package config

import (
	"reflect"
	"slices"
	"strings"
)

// field is one key of a section: the yaml tag of a struct's field.
type field struct {
	key   string
	index []int
	typ   reflect.Type
	// file is true for names of files, by the tag `file:"true"`.
	file bool
}

// fieldsOf lists the keys of a struct, those of inlined structs among them. open
// is true if a plug-in has further ones.
func fieldsOf(t reflect.Type) (fields []field, open bool) {
	open = t == reflect.TypeFor[Section]()
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || key == "-":
		case options == "inline":
			inner, more := fieldsOf(f.Type)
			open = open || more
			for _, one := range inner {
				one.index = append([]int{i}, one.index...)
				fields = append(fields, one)
			}
		default:
			if key == "" {
				key = strings.ToLower(f.Name)
			}
			fields = append(fields, field{key: key, index: []int{i}, typ: f.Type, file: f.Tag.Get("file") == "true"})
		}
	}
	return fields, open
}

// join makes the path of a key.
func join(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}

// above is the path of the section or list that holds the key.
func above(key string) string {
	return key[:max(strings.LastIndexAny(key, ".["), 0)]
}

// isFile reports whether a key names a file. The sections of other packages are
// listed here; a plug-in's field has the tag `file:"true"` instead.
func isFile(key string) bool {
	switch key {
	case "listen.cert", "listen.key", "elasticsearch.ca", "elasticsearch.password_file", "sessions.keys_file", "brand.logo",
		"listen.trusted_certificates.ca":
		return true
	}
	_, ofRoute, _ := strings.Cut(key, "].")
	return strings.HasPrefix(key, "routes[") && slices.Contains([]string{"ca", "client_cert", "client_key"}, ofRoute)
}
