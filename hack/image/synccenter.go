package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// syncCenterName is the name that config/default uses.
const syncCenterName = "synccenter.dev/synccenter:dev"

// certificates is where Debian's ca-certificates, and most others, keep the authorities that TLS clients trust.
const certificates = "/etc/ssl/certs/ca-certificates.crt"

// syncCenter builds the project's binary and puts it into an image with what the Dockerfile's base has: certificates and a
// user. Time zones are in the binary.
func syncCenter(ctx context.Context, source string) (image, error) {
	dir, err := os.MkdirTemp("", "synccenter-*")
	if err != nil {
		return image{}, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "synccenter")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "timetzdata", "-ldflags", "-s -w", "-o", binary, "./cmd/synccenter")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		return image{}, fmt.Errorf("building cmd/synccenter: %w\n%s", err, out)
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return image{}, err
	}
	authorities, err := os.ReadFile(certificates)
	if err != nil {
		return image{}, fmt.Errorf("reading the certificates to trust (Debian's package ca-certificates has them): %w", err)
	}
	return image{
		Name:         syncCenterName,
		Architecture: runtime.GOARCH,
		Entrypoint:   []string{"/synccenter"},
		Files: []file{
			{path: "/synccenter", mode: 0o755, data: program},
			{path: certificates, mode: 0o644, data: authorities},
		},
	}, nil
}
