package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker for releases: -X main.version=...
var version string //nolint:gochecknoglobals // the linker sets nothing else

func printVersion(_ context.Context, t terminal, _ []string) int {
	fmt.Fprintf(t.out, "gateway %s (%s %s/%s)\n", versionName(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitOK
}

// versionName is the release, or the commit that Go has noted.
func versionName() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "dev-" + s.Value[:min(len(s.Value), 12)]
		}
	}
	return "dev"
}
