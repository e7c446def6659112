package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// followed are objects that are shown once, and again when what is shown of them changes.
type followed[T client.Object] struct {
	// what they are called in errors.
	what string
	// each lists them, one after the other, and answers with the resource version of the list.
	each func(ctx context.Context, visit func(T) error) (string, error)
	// watch begins where a list ended.
	watch func(ctx context.Context, from resumeFrom) (watch.Interface, error)
	// named is an object of which only the name is known any more.
	named func(types.NamespacedName) T
	// look is what is shown of an object, without what changes only because time goes by.
	look func(object T, gone bool) string
	// cells are the columns of an object in the table that newTable makes, unless the person asked for whole objects, of this kind.
	cells    func(object T, gone bool) []string
	newTable func() *table
	output   *objectOutput
	kind     string
	out      io.Writer

	// table is nil before the first row.
	table *table
	// shown is how each object was shown last.
	shown map[types.NamespacedName]string
}

// outputError says that what was seen cannot be shown, so that looking again is useless.
type outputError struct{ err error }

func (e *outputError) Error() string { return "writing the list: " + e.err.Error() }

func (e *outputError) Unwrap() error { return e.err }

// follow shows the objects until the person presses Ctrl-C. A watch that ends is begun again.
func (f *followed[T]) follow(ctx context.Context) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	f.shown = map[types.NamespacedName]string{}
	for failures := 0; ; {
		seen, err := f.followOnce(ctx)
		_, unwritten := errors.AsType[*outputError](err)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && (unwritten || isFinal(err)):
			return err
		case err != nil && !seen:
			if failures++; failures >= reconnectAttempts {
				return fmt.Errorf("the API server could not be reached %d times in a row: %w", failures, err)
			}
		default:
			failures = 0
		}
		if pause(ctx, reconnectDelay) != nil {
			return nil
		}
	}
}

// followOnce lists the objects and watches them until the watch ends, and says whether it got as far as a list.
func (f *followed[T]) followOnce(ctx context.Context) (bool, error) {
	there := map[types.NamespacedName]bool{}
	version, err := f.each(ctx, func(object T) error {
		there[client.ObjectKeyFromObject(object)] = true
		return f.add(object, false)
	})
	if err != nil {
		return false, err
	}
	if err := f.addGone(there); err != nil {
		return true, err
	}
	watcher, err := f.watch(ctx, resumeFrom(version))
	if err != nil {
		return true, explain("watching "+f.what, err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		if event.Type == watch.Error {
			return true, explain("watching "+f.what, apierrors.FromObject(event.Object))
		}
		object, ok := event.Object.(T)
		if !ok || event.Type == watch.Bookmark {
			continue
		}
		if err := f.add(object, event.Type == watch.Deleted); err != nil {
			return true, err
		}
		if err := f.bring(); err != nil {
			return true, err
		}
	}
	return true, nil
}

// addGone shows objects that went while nobody watched, and brings the list to the screen.
func (f *followed[T]) addGone(there map[types.NamespacedName]bool) error {
	for key := range f.shown {
		if there[key] {
			continue
		}
		if err := f.add(f.named(key), true); err != nil {
			return err
		}
	}
	return f.bring()
}

// add shows an object unless it stands on the screen as it is.
func (f *followed[T]) add(object T, gone bool) error {
	key, look := client.ObjectKeyFromObject(object), f.look(object, gone)
	if f.shown[key] == look {
		return nil
	}
	if f.shown[key] = look; gone {
		delete(f.shown, key)
	}
	if f.output.printer != nil {
		if err := f.output.printOne(f.out, object, f.kind); err != nil {
			return &outputError{err}
		}
		return nil
	}
	if f.table == nil {
		f.table = f.newTable()
	}
	f.table.row(f.cells(object, gone)...)
	return nil
}

// bring brings what was added to the screen.
func (f *followed[T]) bring() error {
	if f.table == nil {
		return nil
	}
	if err := f.table.flush(); err != nil {
		return &outputError{err}
	}
	return nil
}
