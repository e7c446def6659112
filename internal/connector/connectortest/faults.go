package connectortest

import (
	"context"
	"errors"
	"testing"
	"time"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// lostPage reads more than a page where the rest is lost: half an answer must not look like a whole one.
func lostPage(t *testing.T, f Fixture) {
	users := f.PageSize + 1
	f.Fill(t, users)
	target := f.Open(t)
	collect(t, target.Departments(t.Context(), nil))
	f.suffer(t, PageLost)
	count, failed := 0, error(nil)
	for _, err := range target.Users(t.Context(), nil) {
		if failed != nil {
			t.Error("something follows the error")
		}
		if failed = err; err == nil {
			count++
		}
	}
	if failed == nil {
		t.Errorf("%d of %d users are read and no error says that there are more", count, users)
	}
}

// repeatedPage reads entries that come twice. The connector may take that for an error; if it does not, the engine must see it.
func repeatedPage(t *testing.T, f Fixture) {
	users := f.PageSize + 1
	f.Fill(t, users)
	target := f.Open(t)
	collect(t, target.Departments(t.Context(), nil))
	f.suffer(t, PageRepeated)
	times := map[string]int{}
	for user, err := range target.Users(t.Context(), nil) {
		if err != nil {
			return
		}
		times[user.ID]++
	}
	if len(times) != users {
		t.Errorf("%d of %d users are read", len(times), users)
	}
}

// silentDirectory asks a directory that answers nothing, for as long as a context lasts.
func silentDirectory(t *testing.T, f Fixture) {
	w := f.world(t)
	ann := w.user("ann", "Ann", "")
	collect(t, w.target.Departments(t.Context(), nil))
	mend := f.suffer(t, Silent)
	for what, ask := range map[string]func(context.Context) error{
		"a read": func(ctx context.Context) error {
			for _, err := range w.target.Users(ctx, nil) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"a look-up": func(ctx context.Context) error {
			_, err := w.target.Lookup(ctx, directory.User, []string{ann.ID}, nil)
			return err
		},
		"a write": func(ctx context.Context) error {
			_, err := w.target.UpdateUser(ctx, ann.ID, connector.Patch{Changes: []connector.Change{{Field: f.Text, Values: []string{"x"}}}})
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s of a silent directory ends with %v, want the context's error", what, err)
		}
		cancel()
	}
	mend()
	if users := read(t, f.Open(t)).users; len(users) != 1 {
		t.Errorf("%d users are read when the directory answers again, want 1", len(users))
	}
}

// listedLate goes on with an entry that no list shows yet, as an attempt does that finishes what another one began.
func listedLate(t *testing.T, f Fixture) {
	w := f.world(t)
	f.suffer(t, ListsLate)
	ann := w.user("ann", "Ann", "")
	for _, user := range read(t, f.Open(t)).users {
		if user.ID == ann.ID {
			t.Fatal("the new user is listed, so this case says nothing")
		}
	}
	next := f.Open(t)
	found, err := next.Find(t.Context(), directory.User, connector.NewEntry{Attributes: w.User("ann", "Ann"), Mark: directory.Mark{Owner: "test/task", SourceID: "u-ann"}})
	if err != nil || found == nil || found.ID != ann.ID {
		t.Errorf("looking for the create finds %v, %v; want Ann", found, err)
	}
	if entries, err := next.Lookup(t.Context(), directory.User, []string{ann.ID}, nil); err != nil || len(entries) != 1 {
		t.Errorf("looking Ann up by ID finds %d entries, %v", len(entries), err)
	}
	if _, err := next.UpdateUser(t.Context(), ann.ID, connector.Patch{Changes: []connector.Change{{Field: f.Text, Values: []string{"x"}}}}); err != nil {
		t.Errorf("changing Ann: %v", err)
	}
}

// tooManyRequests expects a refusal that says how long to wait, where the protocol can say so, and that nothing was done.
func tooManyRequests(t *testing.T, f Fixture) {
	w := f.world(t)
	ann := w.user("ann", "Ann", "")
	mend := f.suffer(t, RateLimited)
	_, err := w.target.UpdateUser(t.Context(), ann.ID, connector.Patch{Changes: []connector.Change{{Field: f.Text, Values: []string{"x"}}}})
	if class := connector.ClassOf(err); class != connector.RateLimited && class != connector.Busy {
		t.Errorf("one request too many is answered with %v, want an error of class RateLimited or Busy", err)
	}
	var typed *connector.Error
	if errors.As(err, &typed) && typed.Class == connector.RateLimited && typed.RetryAfter <= 0 {
		t.Errorf("the error does not say when to try again: %v", err)
	}
	mend()
	if got := read(t, f.Open(t), f.Text).user(t, ann.ID).Attributes.Get(f.Text); len(got) != 0 {
		t.Errorf("a request that was refused has written %q", got)
	}
}
