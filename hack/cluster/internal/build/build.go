// Package build makes the programs of a cluster from source and keeps them in a cache outside the checkout.
//
// A set of programs lives in a folder named by the digest of all that decides its bytes: sources, go.mod, go.sum, the version
// of Go, the flags. So a second checkout, or the same one after a change and back, finds what was built before.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Cache builds into Dir what is not there yet.
type Cache struct {
	Dir    string    // outside the checkout, for example ~/.cache/synccenter
	Source string    // the folder hack of the checkout
	Log    io.Writer // progress, for a person
}

// recipe is one set of programs.
type recipe struct {
	name        string // the folder in the cache
	what        string // for people
	expectation string // how long it takes, honestly
	programs    []program
	links       map[string]string // link name to program
	finish      func(ctx context.Context, dir string) error
}

// program is one `go build`.
type program struct {
	name    string
	module  string // folder of its module, below the source folder
	path    string // the package in that module
	tags    string
	ldflags string
}

// ensure answers with the folder that holds the recipe's programs, which it builds when they are not there.
func (c Cache) ensure(ctx context.Context, r recipe) (string, error) {
	key, err := c.key(ctx, r)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(c.Dir, r.name, key)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	unlock, err := c.lock(r.name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil { // another process built it while this one waited
		return dir, nil
	}
	unfinished := dir + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return "", err
	}
	if err := os.MkdirAll(unfinished, 0o755); err != nil {
		return "", err
	}
	done := c.progress(r.what, r.expectation)
	err = c.build(ctx, r, unfinished)
	done(err)
	if err != nil {
		return "", fmt.Errorf("building %s: %w", r.what, err)
	}
	return dir, os.Rename(unfinished, dir)
}

func (c Cache) build(ctx context.Context, r recipe, dir string) error {
	for _, p := range r.programs {
		cmd := exec.CommandContext(ctx, "go", append(p.args(), "-o", filepath.Join(dir, p.name), p.path)...)
		cmd.Dir = filepath.Join(c.Source, p.module)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
		if os.Getenv("GOGC") == "" {
			cmd.Env = append(cmd.Env, "GOGC=800") // the compiler is quicker with rare collections, and needs no more than 2 GiB
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
		}
	}
	for link, target := range r.links {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			return err
		}
	}
	if r.finish == nil {
		return nil
	}
	return r.finish(ctx, dir)
}

// args are the same for every program: another set of flags would compile every dependency a second time.
func (p program) args() []string {
	return []string{"build", "-trimpath", "-buildvcs=false", "-tags", p.tags, "-ldflags", "-s -w" + p.ldflags}
}

// key is the digest of all that decides the bytes of the recipe's programs.
func (c Cache) key(ctx context.Context, r recipe) (string, error) {
	h := sha256.New()
	var modules []string
	for _, p := range r.programs {
		fmt.Fprintln(h, p.name, p.module, p.path, p.args())
		if !slices.Contains(modules, p.module) {
			modules = append(modules, p.module)
		}
	}
	for _, module := range modules {
		dir := filepath.Join(c.Source, module)
		cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH") // there, since go.mod may name another toolchain
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("asking for the version of Go in %s: %w", dir, err)
		}
		h.Write(out)
		if err := hashModule(h, dir); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:10]), nil
}

// hashModule writes names and contents of what Go compiles in the module at dir, without the modules nested in it.
func hashModule(h io.Writer, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != dir {
				return fs.SkipDir
			}
			return nil
		}
		if !compiled(d.Name()) {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		fmt.Fprintln(h, rel, len(data))
		_, err = h.Write(data)
		return err
	})
}

// compiled tells whether a file of that name has a say in what a build makes.
func compiled(name string) bool {
	if name == "go.mod" || name == "go.sum" {
		return true
	}
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

// lock keeps two processes from building the same thing at once; the kernel lets go of it if this process dies.
func (c Cache) lock(name string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Join(c.Dir, name), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(c.Dir, name, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		fmt.Fprintf(c.Log, "another process is building into %s: waiting for it\n", filepath.Join(c.Dir, name))
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", file.Name(), err)
		}
	}
	return func() { file.Close() }, nil
}

// progress says that something began, that it goes on, and how long it took.
func (c Cache) progress(what, expectation string) (done func(error)) {
	fmt.Fprintf(c.Log, "building %s: %s\n", what, expectation)
	start := time.Now()
	elapsed := func() time.Duration { return time.Since(start).Round(time.Second) }
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		heartbeat := time.NewTicker(30 * time.Second)
		defer heartbeat.Stop()
		for {
			select {
			case <-stop:
				return
			case <-heartbeat.C:
				fmt.Fprintf(c.Log, "building %s: still at it after %s\n", what, elapsed())
			}
		}
	}()
	return func(err error) {
		close(stop)
		<-stopped
		if err == nil {
			fmt.Fprintf(c.Log, "building %s: done in %s\n", what, elapsed())
		}
	}
}
