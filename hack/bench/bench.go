package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

// bench measures one size after the other.
type bench struct {
	generator   string
	departments int
}

// A small company is measured often enough for a median, a large one as often as ten minutes allow, and only a small one into a target
// that flushes each write to disk.
const (
	large           = 50_000
	readRounds      = 5
	largeReadRounds = 3
	loadRounds      = 3
	largeLoadRounds = 2
	durableRounds   = 2
)

// sizeFigures is all that was measured with one number of users.
type sizeFigures struct {
	users int
	// run and plain are first runs and the plain loader, durable the same with a target that flushes each write.
	run, plain, durableRun, durablePlain []sample
	noChange, twoReads                   []sample
	wire, entries, ldapsearch, goLDAP    []sample
}

// measureSize measures all that depends on the number of users.
func (b *bench) measureSize(ctx context.Context, users int) (figures *sizeFigures, err error) {
	say("%d users: starting the source", users)
	source, err := b.company(ctx, users)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	figures = &sizeFigures{users: users}
	loads, reads := loadRounds, readRounds
	if users >= large {
		loads, reads = largeLoadRounds, largeReadRounds
	} else {
		say("%d users: first loads, each write flushed to disk", users)
		l, err := figures.compareLoads(ctx, source, durableRounds, true)
		if err != nil {
			return nil, err
		}
		if err := l.close(); err != nil {
			return nil, err
		}
	}
	say("%d users: first loads", users)
	l, err := figures.compareLoads(ctx, source, loads, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	say("%d users: runs without a change", users)
	if err := figures.compareNoChange(ctx, source, l, reads); err != nil {
		return nil, err
	}
	say("%d users: readers", users)
	return figures, figures.compareReaders(ctx, source, reads)
}

// loaded is a target that a first run has filled, with that run's state.
type loaded struct {
	target *slapdtest.Server
	folder string
	runs   int
}

func newLoaded(durable bool) (*loaded, error) {
	target, err := slapdtest.New(slapdtest.Options{Durable: durable})
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		target.Close()
		return nil, err
	}
	return &loaded{target: target, folder: folder}, nil
}

func (l *loaded) close() error {
	l.target.Close()
	return os.RemoveAll(l.folder)
}

// run executes the next run.
func (l *loaded) run(ctx context.Context, source *slapdtest.Server) (sample, error) {
	l.runs++
	return measurePart(ctx, "run", "-folder", l.folder, "-source", source.URL, "-target", l.target.URL, "-sequence", strconv.Itoa(l.runs))
}

// compareLoads compares first runs with the plain loader, each into an empty target, and gives the last target that a run filled.
func (f *sizeFigures) compareLoads(ctx context.Context, source *slapdtest.Server, rounds int, durable bool) (last *loaded, err error) {
	run := func() (sample, error) {
		if last != nil {
			if err := last.close(); err != nil {
				return sample{}, err
			}
		}
		if last, err = newLoaded(durable); err != nil {
			return sample{}, err
		}
		return last.run(ctx, source)
	}
	samples, err := alternate(rounds, run, func() (sample, error) { return loadPlainly(ctx, source, durable) })
	if err != nil {
		return nil, err
	}
	if durable {
		f.durableRun, f.durablePlain = samples[0], samples[1]
	} else {
		f.run, f.plain = samples[0], samples[1]
	}
	return last, nil
}

// loadPlainly runs the plain loader on a server of its own.
func loadPlainly(ctx context.Context, source *slapdtest.Server, durable bool) (sample, error) {
	target, err := slapdtest.New(slapdtest.Options{Durable: durable})
	if err != nil {
		return sample{}, err
	}
	defer target.Close()
	return measurePart(ctx, "load", "-source", source.URL, "-target", target.URL)
}

// compareNoChange compares runs that find nothing to do with reading both directories by ldapsearch.
func (f *sizeFigures) compareNoChange(ctx context.Context, source *slapdtest.Server, l *loaded, rounds int) error {
	run := func() (sample, error) { return l.run(ctx, source) }
	twoReads := func() (sample, error) {
		first, err := ldapsearch(ctx, source.URL, sourcePeople, readAttributes(false))
		if err != nil {
			return first, err
		}
		second, err := ldapsearch(ctx, l.target.URL, slapdtest.People, readAttributes(true))
		return sample{cost: first.plus(second.cost)}, err
	}
	samples, err := alternate(rounds, withServers(run, source, l.target), withServers(twoReads, source, l.target))
	if err != nil {
		return err
	}
	f.noChange, f.twoReads = samples[0], samples[1]
	return nil
}

// compareReaders reads the same users in several ways.
func (f *sizeFigures) compareReaders(ctx context.Context, source *slapdtest.Server, rounds int) error {
	part := func(name string) func() (sample, error) {
		return func() (sample, error) { return measurePart(ctx, name, "-source", source.URL) }
	}
	search := func() (sample, error) { return ldapsearch(ctx, source.URL, sourcePeople, readAttributes(false)) }
	samples, err := alternate(rounds, part("wire"), part("entries"), search, part("go-ldap"))
	if err != nil {
		return err
	}
	f.wire, f.entries, f.ldapsearch, f.goLDAP = samples[0], samples[1], samples[2], samples[3]
	return nil
}

// say tells whoever waits how far it is. The page is printed on the other stream.
func say(format string, values ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", values...) }
