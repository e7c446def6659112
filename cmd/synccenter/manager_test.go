package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		name      string
		arguments []string
		want      string
	}{
		{"an amount that is none", []string{"manager", "--image=synccenter:test", "--runner-limits=memory=much"}, "--runner-limits: memory=much"},
		{"an unknown flag", []string{"manager", "--imag=x"}, "--imag"},
		{"an unknown command", []string{"menager"}, "menager"},
		{"an argument too many", []string{"version", "now"}, "now"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := newRootCommand()
			root.SetArgs(test.arguments)
			root.SetOut(io.Discard)
			root.SetErr(io.Discard)
			err := root.ExecuteContext(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that names %q", err, test.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	var out strings.Builder
	root := newRootCommand()
	root.SetArgs([]string{"version"})
	root.SetOut(&out)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(out.String()) == "" {
		t.Error("the version is empty")
	}
}

func TestExitCode(t *testing.T) {
	plain := errors.New("the server is away")
	if got := exitCode(plain); got != 1 {
		t.Errorf("a plain error exits with %d", got)
	}
	if got := exitCode(fmt.Errorf("run: %w", &exitError{code: 3, err: plain})); got != 3 {
		t.Errorf("a wrapped exit error exits with %d", got)
	}
}
