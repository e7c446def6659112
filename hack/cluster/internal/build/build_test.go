package build

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// writeModule makes a module of one program and answers with a recipe for it.
func writeModule(t *testing.T, source string, files map[string]string) recipe {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(source, "greeter", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return recipe{
		name: "greeter", what: "a greeter", expectation: "a second",
		programs: []program{{name: "greet", module: "greeter", path: "."}},
		links:    map[string]string{"hello": "greet"},
	}
}

var greeter = map[string]string{
	"go.mod":  "module example.test/greeter\n\ngo 1.26.0\n",
	"main.go": "package main\n\nfunc main() { println(\"hello\") }\n",
}

func TestBuiltOnceAndKept(t *testing.T) {
	var log bytes.Buffer
	cache := Cache{Dir: t.TempDir(), Source: t.TempDir(), Log: &log}
	r := writeModule(t, cache.Source, greeter)
	first, err := cache.ensure(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(first, "hello")).CombinedOutput()
	if err != nil || string(out) != "hello\n" {
		t.Errorf("the link runs as %q, %v", out, err)
	}
	if !strings.Contains(log.String(), "building a greeter: a second\n") || !strings.Contains(log.String(), "building a greeter: done in") {
		t.Errorf("the progress does not say what began and how long it took:\n%s", &log)
	}
	log.Reset()
	again, err := cache.ensure(t.Context(), r)
	if err != nil || again != first || log.Len() > 0 {
		t.Errorf("the second time: folder %s instead of %s, error %v, progress %q", again, first, err, &log)
	}
}

func TestKeyFollowsWhatDecidesTheBytes(t *testing.T) {
	cache := Cache{Dir: t.TempDir(), Source: t.TempDir(), Log: &bytes.Buffer{}}
	r := writeModule(t, cache.Source, greeter)
	before, err := cache.key(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, file string
		changes    bool
	}{
		{"a source", "more.go", true},
		{"the modules", "go.sum", true},
		{"a test", "more_test.go", false},
		{"a page", "README.md", false},
		{"a module inside", "inner/go.mod", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(cache.Source, "greeter", test.file)
			writeModule(t, cache.Source, map[string]string{test.file: "package main\n"})
			defer os.RemoveAll(path)
			after, err := cache.key(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if (after != before) != test.changes {
				t.Errorf("key %s after %s before: changed is %t, want %t", after, before, after != before, test.changes)
			}
		})
	}
	r.programs[0].tags = "envtest"
	if after, err := cache.key(t.Context(), r); err != nil || after == before {
		t.Errorf("other tags have the same key %s (error %v)", after, err)
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	cache := Cache{Dir: t.TempDir(), Source: t.TempDir(), Log: &bytes.Buffer{}}
	r := writeModule(t, cache.Source, map[string]string{"go.mod": greeter["go.mod"], "main.go": "package main\n\nfunc main() { nothing() }\n"})
	if _, err := cache.ensure(t.Context(), r); err == nil || !strings.Contains(err.Error(), "undefined: nothing") {
		t.Fatalf("the compiler's words are not in the error: %v", err)
	}
	writeModule(t, cache.Source, greeter)
	if _, err := cache.ensure(t.Context(), r); err != nil {
		t.Errorf("after the mistake is mended: %v", err)
	}
}

func TestTwoAtOnceBuildOnce(t *testing.T) {
	source, dir := t.TempDir(), t.TempDir()
	r := writeModule(t, source, greeter)
	var group sync.WaitGroup
	logs := make([]bytes.Buffer, 2)
	for i := range logs {
		group.Go(func() {
			if _, err := (Cache{Dir: dir, Source: source, Log: &logs[i]}).ensure(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := strings.Count(logs[0].String()+logs[1].String(), "done in"); n != 1 {
		t.Errorf("built %d times, want once", n)
	}
}
