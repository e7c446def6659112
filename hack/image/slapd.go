package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
)

// slapdName is the image of the directories in the demo and in the end-to-end tests.
const slapdName = "synccenter.dev/demo-slapd:dev"

// slapdConfiguration makes one database with the suffix dc=example,dc=com, empty until it is loaded.
//
//go:embed slapd.conf
var slapdConfiguration []byte

// slapd packs the OpenLDAP server that Debian installed on this machine, with its modules, schemas and libraries.
// An init container loads an LDIF with the same program: slapd -T add -l FILE.
func slapd(ctx context.Context) (image, error) {
	const program = "/usr/sbin/slapd"
	if _, err := os.Stat(program); err != nil {
		return image{}, fmt.Errorf("%w: install Debian's package slapd", err)
	}
	modules, err := filepath.Glob("/usr/lib/ldap/*.so*")
	if err != nil {
		return image{}, err
	}
	schemas, err := filepath.Glob("/etc/ldap/schema/*.schema")
	if err != nil {
		return image{}, err
	}
	libraries, err := librariesOf(ctx, append([]string{program}, modules...))
	if err != nil {
		return image{}, err
	}
	i := image{
		Name:         slapdName,
		Architecture: runtime.GOARCH,
		Entrypoint:   []string{program, "-d", "0", "-f", "/etc/ldap/slapd.conf", "-h", "ldap://0.0.0.0:3890/"},
		Files:        []file{{path: "/etc/ldap/slapd.conf", mode: 0o644, data: slapdConfiguration}},
	}
	for _, path := range slices.Concat([]string{program}, modules, schemas, libraries) {
		data, err := os.ReadFile(path)
		if err != nil {
			return image{}, err
		}
		i.Files = append(i.Files, file{path: path, mode: 0o755, data: data})
	}
	return i, nil
}

var resolved = regexp.MustCompile(`(?m)(/\S+\.so\S*) \(0x`)

// librariesOf lists the shared libraries of programs, once each, as the dynamic linker finds them.
func librariesOf(ctx context.Context, programs []string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "ldd", programs...).Output()
	if err != nil {
		return nil, fmt.Errorf("asking ldd for the libraries of slapd: %w", err)
	}
	var libraries []string
	for _, found := range resolved.FindAllSubmatch(out, -1) {
		path := string(bytes.TrimSpace(found[1]))
		if filepath.Dir(path) != "/usr/lib/ldap" {
			libraries = append(libraries, path)
		}
	}
	slices.Sort(libraries)
	return slices.Compact(libraries), nil
}
