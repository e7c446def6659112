package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/folder"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

// ample is a budget that no run here reaches: a first load of 100,000 is more than a cluster stores by default.
var ample = artifact.Budget{Run: 1 << 30, Task: 1 << 30, All: 1 << 30}

// runPart executes one run on a folder, as the process in a run's pod does on the cluster.
func runPart(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	root := flags.String("folder", "", "where state and records are kept")
	sourceURL := flags.String("source", "", "address of the source")
	targetURL := flags.String("target", "", "address of the target")
	sequence := flags.Int64("sequence", 1, "number of the run")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	mounts, err := mountSecret(*root)
	if err != nil {
		return err
	}
	timed := &timedStore{Store: folder.New(filepath.Join(*root, "artifacts")), Reports: noReports{}, watch: newStopwatch()}
	uid := types.UID("run-" + strconv.FormatInt(*sequence, 10))
	if err := storeDefinition(ctx, timed.Store, *sequence, uid, taskSpec(*sourceURL, *targetURL)); err != nil {
		return err
	}
	r := &runner.Runner{
		Store: timed, Reports: timed, Connect: mounts, Budget: ample, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Acquire: func(context.Context, string) (runner.Lease, error) { return alone{}, nil },
	}
	timed.watch.enter("other")
	if err := r.Execute(ctx, runner.Attempt{Run: string(uid), UID: string(uid), Number: 1}); err != nil {
		return err
	}
	if outcome := timed.last.Outcome; outcome.Result != report.Succeeded {
		return fmt.Errorf("the run ended as %s: %s", outcome.Result, outcome.Message)
	}
	return timed.watch.tell()
}

// alone is the lease of a runner that nobody else competes with.
type alone struct{}

func (alone) Deadline() time.Time           { return time.Now().Add(time.Minute) }
func (alone) Stopped() <-chan struct{}      { return nil }
func (alone) StopReason() string            { return "" }
func (alone) Lost() <-chan struct{}         { return nil }
func (alone) Release(context.Context) error { return nil }

// timedStore tells the phases of a run from what the run stores: its reports name the stages, and the streams of plan and records are
// looked up when writing them begins.
type timedStore struct {
	artifact.Store
	runner.Reports
	watch *stopwatch
	last  *report.Report
}

// Put stores a report and begins the phase that it speaks of.
func (s *timedStore) Put(ctx context.Context, next *report.Report) error {
	if s.last == nil || s.last.Stage != next.Stage {
		s.watch.enter(map[report.Stage]string{report.Reading: "read", report.Planning: "plan", report.Applying: "apply"}[next.Stage])
	}
	s.last = next
	return s.Reports.Put(ctx, next)
}

// GetManifest begins the phase of storing, once when the plan is stored and once for the records.
func (s *timedStore) GetManifest(ctx context.Context, scope artifact.Scope, stream string) ([]byte, string, error) {
	if stream == "records" || stream == "plan" && s.last.Stage == report.Planning {
		s.watch.enter("store")
	}
	return s.Store.GetManifest(ctx, scope, stream)
}

// noReports forgets reports: on a folder nobody reads them.
type noReports struct{}

func (noReports) Last(context.Context) (*report.Report, error) { return nil, nil }
func (noReports) Put(context.Context, *report.Report) error    { return nil }
