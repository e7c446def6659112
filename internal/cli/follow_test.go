package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// watched is what a person sees who looks at a list that goes on.
type watched struct {
	t     *testing.T
	lines *bufio.Scanner
	stop  context.CancelFunc
	code  chan int
}

// watches types a command that goes on until stop.
func (p *person) watches(t *testing.T, arguments ...string) *watched {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	w := &watched{t: t, lines: bufio.NewScanner(reader), stop: stop, code: make(chan int, 1)}
	go func() {
		w.code <- p.typesInto(ctx, writer, io.Discard, arguments...)
		writer.Close()
	}()
	return w
}

// next reads a line, which has all these words.
func (w *watched) next(want ...string) {
	w.t.Helper()
	if !w.lines.Scan() {
		w.t.Fatalf("the output ends (%v), want a line with %v", w.lines.Err(), want)
	}
	contains(w.t, w.lines.Text(), want...)
}

// ends checks that the command ends well when the person has seen enough.
func (w *watched) ends() {
	w.t.Helper()
	w.stop()
	if got := <-w.code; got != 0 {
		w.t.Errorf("a watch that a person ends has the exit code %d", got)
	}
}

// TestHistoryWatch executes a task while a person looks at its history.
func TestHistoryWatch(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", ready)
	p.run(t, "hr-a", "hr", ended(1, v1alpha1.PhaseSucceeded, records()[:2]))
	w := p.watches(t, "history", "hr", "--watch")
	w.next("SEQ", "RUN", "PHASE")
	w.next("hr-a", "Succeeded", "1/1")

	p.run(t, "other", "payroll", v1alpha1.SyncRunStatus{})
	run := p.run(t, "hr-b", "hr", v1alpha1.SyncRunStatus{Phase: v1alpha1.PhaseReading})
	w.next("hr-b", "Pending")
	w.next("hr-b", "Reading")
	for _, status := range []v1alpha1.SyncRunStatus{working(v1alpha1.PhaseApplying, 1, 9), working(v1alpha1.PhaseApplying, 9, 9), ended(2, v1alpha1.PhasePartiallyFailed, records())} {
		run.Status = status
		if err := server.Client.Status().Update(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	w.next("hr-b", "Applying") // once: progress is no column
	w.next("2", "hr-b", "PartiallyFailed", "2/3", "1/2")
	if err := server.Client.Delete(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	w.next("hr-b", "Deleted")
	w.ends()
}

func TestHistoryWatchOfNoTask(t *testing.T) {
	p := newPerson(t)
	p.fails(t, 1, []string{`there is no task "absent"`}, "history", "absent", "-w")
}

// endedWatch is a watch that the API server ended.
func endedWatch() watch.Interface {
	closed := watch.NewFake()
	closed.Stop()
	return closed
}

// TestAWatchThatBreaksIsBegunAgain breaks watches in three ways while a task is changed. The person sees each state once.
func TestAWatchThatBreaksIsBegunAgain(t *testing.T) {
	p := newPerson(t)
	task := p.task(t, "hr", ready)
	p.task(t, "payroll", ready)
	change := func(phase v1alpha1.Phase) {
		ranWith(phase)(task)
		if err := server.Client.Status().Update(t.Context(), task); err != nil {
			t.Error(err)
		}
	}
	watches, lists := 0, 0
	broken := interceptor.NewClient(administrator(t), interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			if lists++; lists == 3 {
				return errors.New("connection refused")
			}
			return c.List(ctx, list, options...)
		},
		Watch: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) (watch.Interface, error) {
			switch watches++; watches {
			case 1:
				return endedWatch(), nil
			case 2:
				change(v1alpha1.PhaseApplying) // while nobody watches
				return nil, errors.New("connection reset by peer")
			}
			found, err := c.Watch(ctx, list, options...)
			change(v1alpha1.PhaseSucceeded)
			return found, err
		},
	})
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	command := &tasksCommand{
		Options: &Options{IOStreams: genericiooptions.IOStreams{Out: writer, ErrOut: io.Discard}, Now: func() time.Time { return now }, TimeZone: time.UTC},
		output:  &objectOutput{},
	}
	ended := make(chan error, 1)
	go func() {
		ended <- command.follow(ctx, &cluster{WithWatch: broken, namespace: p.namespace})
		writer.Close()
	}()
	w := &watched{t: t, lines: bufio.NewScanner(reader)}
	w.next("NAME")
	w.next("hr", "NeverRun")
	w.next("payroll", "NeverRun")
	w.next("hr", "Running")
	w.next("hr", "OK")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestAWatchEndsWhenItCannotBeShown has an output that takes nothing.
func TestAWatchEndsWhenItCannotBeShown(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", ready)
	if code := p.typesInto(t.Context(), fullDisk{}, io.Discard, "tasks", "--watch"); code != exitFailed {
		t.Errorf("it ends with %d", code)
	}
}

// TestTasksAreReadInPages lists more tasks than a page has.
func TestTasksAreReadInPages(t *testing.T) {
	p := newPerson(t)
	for _, name := range strings.Split("g d a f c e b", " ") {
		p.task(t, name, nil)
	}
	pages := 0
	counting := interceptor.NewClient(administrator(t), interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			pages++
			asked := (&client.ListOptions{}).ApplyOptions(options)
			if asked.Limit == 0 || asked.Limit > taskPage {
				t.Errorf("%d tasks are asked for at once", asked.Limit)
			}
			return c.List(ctx, list, append(options, client.Limit(3))...)
		},
	})
	var seen []string
	_, err := (&cluster{WithWatch: counting, namespace: p.namespace}).eachTask(t.Context(), func(task *v1alpha1.SyncTask) error {
		seen = append(seen, task.Name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != "a b c d e f g" || pages != 3 {
		t.Errorf("in %d pages it finds %s", pages, got)
	}
}
