package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

const (
	// reconnectDelay is the time between two connections of a watch, whatever ended the first.
	reconnectDelay = time.Second
	// reconnectAttempts is how often in a row a watch may fail before the waiting ends: an API server that restarts is back by then.
	reconnectAttempts = 60
)

// untilInterrupted gives a context that ends when the person presses Ctrl-C.
func untilInterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// await shows how far a run is until it is over and its task shows that, then how it ended. Unless it succeeded, the error carries the exit code and nothing else.
func (o *Options) await(ctx context.Context, cluster *cluster, name string) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	view := &progressView{out: o.ErrOut, bar: o.OutputIsTerminal}
	run, err := follow(ctx, cluster, name, view.show)
	view.end()
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, fmt.Errorf("stopped waiting; run %q goes on: \"kubectl synccenter cancel %s\" stops it", name, name)}
	}
	if err != nil {
		return err
	}
	o.awaitTask(ctx, cluster, run)
	if err := o.printOutcome(run); err != nil {
		return err
	}
	if code := phaseExitCode(run.Status.Phase); code != 0 {
		return &exitError{code, errShown}
	}
	return nil
}

// follow watches a run and shows each of its states until it is over. A watch that ends is begun again.
func follow(ctx context.Context, cluster *cluster, name string, show func(*v1alpha1.SyncRun)) (*v1alpha1.SyncRun, error) {
	failures := 0
	for {
		run, err := followOnce(ctx, cluster, name, show)
		switch {
		case err != nil && isFinal(err):
			return nil, err
		case err != nil:
			if failures++; failures >= reconnectAttempts {
				return nil, fmt.Errorf("waiting for run %q, which goes on: the API server could not be reached %d times in a row: %w", name, failures, err)
			}
		case isComplete(run):
			return run, nil
		default:
			failures = 0
		}
		if err := pause(ctx, reconnectDelay); err != nil {
			return nil, err
		}
	}
}

// followOnce reads the run and watches it until it is over or the watch ends. It answers with the last state that was seen.
func followOnce(ctx context.Context, cluster *cluster, name string, show func(*v1alpha1.SyncRun)) (*v1alpha1.SyncRun, error) {
	run, err := cluster.run(ctx, name)
	if err != nil {
		return nil, err
	}
	show(run)
	if isComplete(run) {
		return run, nil
	}
	watcher, err := cluster.Watch(ctx, &v1alpha1.SyncRunList{}, client.InNamespace(cluster.namespace), client.MatchingFields{"metadata.name": name},
		resumeFrom(run.ResourceVersion))
	if err != nil {
		return nil, explain(fmt.Sprintf("watching run %q", name), err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		switch event.Type {
		case watch.Deleted:
			return nil, &deletedError{name}
		case watch.Error:
			return nil, explain(fmt.Sprintf("watching run %q", name), apierrors.FromObject(event.Object))
		case watch.Added, watch.Modified:
			newer, ok := event.Object.(*v1alpha1.SyncRun)
			if !ok {
				return nil, fmt.Errorf("watching run %q: the API server sent a %T", name, event.Object)
			}
			run = newer
			show(run)
			if isComplete(run) {
				return run, nil
			}
		case watch.Bookmark:
		}
	}
	return run, nil
}

// deletedError says that there is nothing left to wait for.
type deletedError struct{ name string }

func (e *deletedError) Error() string {
	return fmt.Sprintf("run %q was deleted before it was over, and its records with it: what it had done shows in the target, and in the next run", e.name)
}

// isFinal reports whether trying again is useless.
func isFinal(err error) bool {
	var deleted *deletedError
	return errors.As(err, &deleted) || errors.Is(err, context.Canceled) ||
		apierrors.IsNotFound(err) || apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err)
}

// resumeFrom begins a watch where a read ended.
type resumeFrom string

// ApplyToList sets the resource version.
func (r resumeFrom) ApplyToList(options *client.ListOptions) {
	options.Raw = &metav1.ListOptions{ResourceVersion: string(r)}
}

func pause(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
