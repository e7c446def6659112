package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/template"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	batchv1 "k8s.io/api/batch/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/test/apiserver"
)

// figures are all that was measured.
type figures struct {
	size
	Load string
	// Ready is when the manager said that it was, Looked when it had looked at every task, after its start.
	Ready, Looked time.Duration
	AtReady       memory
	AtRest        memory
	AtEnd         memory
	Start, Rest   requests
	// Created is when the last due run was there, Started when the last one had its Job, after the minute.
	Created, Started time.Duration
	DueRequests      requests
}

const (
	// calm is how long no request comes before the manager counts as being at rest.
	calm = 10 * time.Second
	// restTime is how long it is looked at then.
	restTime = time.Minute
	patience = 30 * time.Minute
)

// startTwice lets a first manager see everything for the first time, and measures the start of a second one: that is how managers start.
func (f *figures) startTwice(ctx context.Context, server *apiserver.Server, program string, log *requestLog) (*managerProcess, error) {
	var m *managerProcess
	for range 2 {
		if m != nil {
			if err := m.stop(); err != nil {
				return nil, err
			}
		}
		before, err := log.seen(ctx)
		if err != nil {
			return nil, err
		}
		if m, err = startManager(ctx, server, program); err != nil {
			return nil, err
		}
		if err := f.measureStart(ctx, m, before, log); err != nil {
			return nil, errors.Join(err, m.stop())
		}
	}
	return m, nil
}

// measureStart looks at a manager until it has looked at everything.
func (f *figures) measureStart(ctx context.Context, m *managerProcess, before requests, log *requestLog) (err error) {
	if f.Ready, err = m.awaitReady(ctx); err != nil {
		return err
	}
	if f.AtReady, err = m.memory(); err != nil {
		return err
	}
	say("ready after %.1f s, %s", f.Ready.Seconds(), f.AtReady)
	last, since := int64(-1), time.Now()
	_, err = m.await(ctx, patience, func() bool {
		now, err := log.seen(ctx)
		if err != nil {
			return false
		}
		f.Start = now.since(before)
		if total := f.Start.total(); total != last {
			last, since = total, time.Now()
		}
		return f.Start["GET synctasks"] >= int64(f.tasks) && time.Since(since) > calm
	})
	f.Looked = since.Sub(m.started)
	say("at rest after %.1f s", f.Looked.Seconds())
	return err
}

// measureRest looks at a manager that has nothing to do.
func (f *figures) measureRest(ctx context.Context, m *managerProcess, log *requestLog) error {
	before, err := log.seen(ctx)
	if err != nil {
		return err
	}
	select {
	case <-time.After(restTime):
	case <-ctx.Done():
		return ctx.Err()
	}
	now, err := log.seen(ctx)
	if err != nil {
		return err
	}
	f.Rest = now.since(before)
	if f.AtRest, err = m.memory(); err != nil {
		return err
	}
	say("%d requests in a minute at rest, %s", f.Rest.total(), f.AtRest)
	if path := os.Getenv("BENCH_PROFILE"); path != "" {
		return m.saveProfile(path)
	}
	return nil
}

// measureDue makes tasks due in one minute and waits for their runs and Jobs.
func (f *figures) measureDue(ctx context.Context, server *apiserver.Server, m *managerProcess, log *requestLog) error {
	config := rest.CopyConfig(server.Config)
	config.QPS = -1
	c, err := client.New(config, client.Options{Scheme: server.Scheme})
	if err != nil {
		return err
	}
	// The definitions are judged anew before the minute comes.
	due := time.Now().Add(150 * time.Second).Truncate(time.Minute)
	if err := schedule(ctx, c, f.size, due); err != nil {
		return err
	}
	say("%d tasks are due at %s", f.due, due.Format("15:04:05"))
	select {
	case <-time.After(time.Until(due)):
	case <-ctx.Done():
		return ctx.Err()
	}
	before, err := log.seen(ctx)
	if err != nil {
		return err
	}
	counts := map[*time.Duration]client.ObjectList{&f.Created: &v1alpha1.SyncRunList{}, &f.Started: &batchv1.JobList{}}
	_, err = m.await(ctx, time.Since(m.started)+patience, func() bool {
		for at, list := range counts {
			if number, err := f.count(ctx, c, list); err == nil && number >= f.due {
				*at = time.Since(due)
				delete(counts, at)
			}
		}
		return len(counts) == 0
	})
	if err != nil {
		return err
	}
	now, err := log.seen(ctx)
	if err != nil {
		return err
	}
	f.DueRequests = now.since(before)
	f.AtEnd, err = m.memory()
	say("all runs after %.1f s, all Jobs after %.1f s, %s", f.Created.Seconds(), f.Started.Seconds(), f.AtEnd)
	return err
}

// count says how many there are of what the manager makes.
func (f *figures) count(ctx context.Context, c client.Client, list client.ObjectList) (int, error) {
	options := []client.ListOption{client.HasLabels{v1alpha1.LabelRun}}
	if _, runs := list.(*v1alpha1.SyncRunList); runs {
		options = []client.ListOption{client.HasLabels{v1alpha1.LabelTrigger}}
	}
	if err := c.List(ctx, list, options...); err != nil {
		return 0, err
	}
	switch list := list.(type) {
	case *v1alpha1.SyncRunList:
		return len(list.Items), nil
	case *batchv1.JobList:
		return len(list.Items), nil
	}
	return 0, fmt.Errorf("a %T is not counted", list)
}

func (m memory) String() string {
	return fmt.Sprintf("%s resident (%s of the program, %s at most), %s of the heap in use",
		mebibytes(m.resident), mebibytes(m.program), mebibytes(m.peak), mebibytes(m.inUse))
}

//go:embed page.md.tmpl
var pageText string

// print writes the page as Markdown.
func (f *figures) print(w io.Writer) error {
	text, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	return text.Execute(w, f)
}

// What the page shows.
func (f *figures) Tasks() string           { return grouped(int64(f.tasks)) }
func (f *figures) History() string         { return grouped(int64(f.tasks * f.runs)) }
func (f *figures) Runs() int               { return f.runs }
func (f *figures) Namespaces() int         { return f.namespaces }
func (f *figures) Due() string             { return grouped(int64(f.due)) }
func (f *figures) StartRequests() string   { return f.Start.lines() }
func (f *figures) RestRequests() int64     { return f.Rest.total() }
func (f *figures) DueRequestLines() string { return f.DueRequests.each(f.due) }

// Memory is a table of three moments.
func (f *figures) Memory() string {
	row := func(when string, m memory) string {
		return fmt.Sprintf("| %s | %s | %s | %s | %s |", when, mebibytes(m.inUse), mebibytes(m.resident), mebibytes(m.program), mebibytes(m.peak))
	}
	return strings.Join([]string{row("ready", f.AtReady), row("at rest", f.AtRest), row("all due runs have their Jobs", f.AtEnd)}, "\n")
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }

// grouped writes a number with a comma before every three digits.
func grouped(number int64) string {
	text := strconv.FormatInt(number, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// loadAverage is that of the last minute.
func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(data), " ")
	return minute
}
