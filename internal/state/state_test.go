package state_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/folder"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

const owner = "default/hr"

var (
	ends  = state.Identity{Source: "base-a", Target: "base-b"}
	other = state.Identity{Source: "base-a", Target: "base-c"}
	scope = artifact.Scope{Owner: owner}
)

func load(t *testing.T, store artifact.Store, identity state.Identity) (*state.State, string, state.LoadResult) {
	t.Helper()
	s, revision, result, err := state.Load(t.Context(), store, owner, identity)
	if err != nil {
		t.Fatal(err)
	}
	return s, revision, result
}

func save(t *testing.T, store artifact.Store, s *state.State, revision string) string {
	t.Helper()
	next, err := s.Save(t.Context(), store, revision)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// stream is the stream of the only state in a store.
func stream(t *testing.T, store artifact.Store, identity state.Identity) string {
	t.Helper()
	recorder := &recorder{Store: store}
	if _, _, _, err := state.Load(t.Context(), recorder, owner, identity); err != nil {
		t.Fatal(err)
	}
	return recorder.stream
}

func TestAnyStateComesBack(t *testing.T) {
	t.Parallel()
	store := folder.New(t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		s, revision, _, err := state.Load(t.Context(), store, owner, ends)
		if err != nil {
			t.Fatal(err)
		}
		s.Links = state.NewLinks()
		s.LastSequence = rapid.Int64Min(0).Draw(t, "sequence")
		s.LastRead = state.Size{Users: rapid.Int64Min(0).Draw(t, "users"), Departments: 7}
		s.RemovalsDefinition = rapid.String().Draw(t, "definition")
		s.AddRemovals(time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 0), rapid.Int64Range(0, 100).Draw(t, "removals"))
		for range rapid.IntRange(0, 60).Draw(t, "links") {
			// Links whose target is taken are refused, and that is all the same here.
			_ = s.Links.Put(drawLink(t))
		}
		if _, err := s.Save(t.Context(), store, revision); err != nil {
			t.Fatal(err)
		}
		got, _, result, err := state.Load(t.Context(), store, owner, ends)
		if err != nil || result != (state.LoadResult{}) {
			t.Fatalf("got result %+v and error %v", result, err)
		}
		if diff := cmp.Diff(s.Header, got.Header, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("header (-saved +loaded):\n%s", diff)
		}
		for _, kind := range kinds {
			if diff := cmp.Diff(slices.Collect(s.Links.Sorted(kind)), slices.Collect(got.Links.Sorted(kind))); diff != "" {
				t.Fatalf("%ss (-saved +loaded):\n%s", kind, diff)
			}
		}
	})
}

func TestAFirstRun(t *testing.T) {
	t.Parallel()
	store := folder.New(t.TempDir())
	first, revision, result := load(t, store, ends)
	if !result.FirstRun || result.Rebuilt || result.Notice != "" || revision != "" || first.Links.Count(directory.User) != 0 {
		t.Errorf("got result %+v at revision %q", result, revision)
	}
	second, _, _ := load(t, store, ends)
	if len(first.Salt) != 16 || string(first.Salt) == string(second.Salt) {
		t.Errorf("two new states have salts %x and %x", first.Salt, second.Salt)
	}
	put(t, first.Links, link(directory.User, "li", state.Active))
	save(t, store, first, revision)
	again, _, result := load(t, store, ends)
	if result.FirstRun || string(again.Salt) != string(first.Salt) || again.Links.Count(directory.User) != 1 {
		t.Errorf("the second run: got result %+v, %d users", result, again.Links.Count(directory.User))
	}
}

func TestOfTwoRunnersOneSaves(t *testing.T) {
	t.Parallel()
	store := folder.New(t.TempDir())
	for _, name := range []string{"first state", "later state"} {
		fast, revision, _ := load(t, store, ends)
		slow, slowRevision, _ := load(t, store, ends)
		put(t, fast.Links, link(directory.User, name, state.Active))
		save(t, store, fast, revision)
		put(t, slow.Links, link(directory.User, "slow", state.Active))
		_, err := slow.Save(t.Context(), store, slowRevision)
		if !errors.Is(err, artifact.ErrConflict) || !strings.Contains(err.Error(), "another runner") {
			t.Errorf("%s: got error %v, want a conflict that names the other runner", name, err)
		}
		if got, _, _ := load(t, store, ends); got.Links.Count(directory.User) != fast.Links.Count(directory.User) {
			t.Errorf("%s: the slow runner changed what the fast one saved", name)
		}
	}
}

func TestALostStateIsNeverTakenAsEmpty(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, store artifact.Store, content artifact.Content, stream string) error
	}{
		{"a chunk is missing", func(t *testing.T, store artifact.Store, content artifact.Content, _ string) error {
			return store.DeleteChunk(t.Context(), scope, content.Chunks[0].Name)
		}},
		{"a chunk is another", func(t *testing.T, store artifact.Store, content artifact.Content, _ string) error {
			name := content.Chunks[0].Name
			return errors.Join(store.DeleteChunk(t.Context(), scope, name), store.PutChunk(t.Context(), scope, name, []byte("other")))
		}},
		{"the manifest is gone", func(t *testing.T, store artifact.Store, _ artifact.Content, stream string) error {
			return store.DeleteManifest(t.Context(), scope, stream)
		}},
		{"the manifest is damaged", func(t *testing.T, store artifact.Store, _ artifact.Content, stream string) error {
			_, revision, err := store.GetManifest(t.Context(), scope, stream)
			_, putErr := store.PutManifest(t.Context(), scope, stream, []byte("{"), revision)
			return errors.Join(err, putErr)
		}},
		{"it is no state", func(t *testing.T, store artifact.Store, _ artifact.Content, stream string) error {
			_, err := artifacttest.WriteAll(t.Context(), store, scope, stream, []byte("{}\n"))
			return err
		}},
		{"it is empty", func(t *testing.T, store artifact.Store, _ artifact.Content, stream string) error {
			_, err := artifacttest.WriteAll(t.Context(), store, scope, stream, nil)
			return err
		}},
		{"it is another owner's", func(t *testing.T, store artifact.Store, _ artifact.Content, stream string) error {
			_, err := artifacttest.WriteAll(t.Context(), store, scope, stream, []byte(`{"schemaVersion":1,"owner":"x","salt":"AAAA"}`+"\n"))
			return err
		}},
		{"a link of it is none", func(t *testing.T, store artifact.Store, _ artifact.Content, stream string) error {
			_, err := artifacttest.WriteAll(t.Context(), store, scope, stream,
				[]byte(`{"schemaVersion":1,"owner":"default/hr","identity":{"source":"base-a","target":"base-b"},"salt":"AAAA"}`+"\n{}\n"))
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := folder.New(t.TempDir())
			s, revision, _ := load(t, store, ends)
			fill(t, s, 20_000)
			save(t, store, s, revision)
			name := stream(t, store, ends)
			content, _, err := artifact.Stat(t.Context(), store, scope, name)
			if err != nil || len(content.Chunks) == 0 {
				t.Fatalf("the state has %d chunks, so there is nothing to damage: %v", len(content.Chunks), err)
			}
			if err := c.damage(t, store, content, name); err != nil {
				t.Fatal(err)
			}
			rebuilt, revision, result := load(t, store, ends)
			if !result.Rebuilt || result.FirstRun || !strings.Contains(result.Notice, "every removal waits") {
				t.Errorf("got result %+v, want one that is rebuilt and says that removals wait", result)
			}
			save(t, store, rebuilt, revision)
			if _, _, result := load(t, store, ends); result != (state.LoadResult{}) {
				t.Errorf("after it was rebuilt and saved: got result %+v", result)
			}
		})
	}
}

// fill links many users, so that the state needs chunks.
func fill(t testing.TB, s *state.State, users int) {
	t.Helper()
	for i := range users {
		if err := s.Links.Put(state.Link{
			Kind: directory.User, SourceID: uuid(2 * i), TargetID: uuid(2*i + 1), Origin: state.Created, State: state.Active,
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStoreThatIsAwayIsNoLostState(t *testing.T) {
	t.Parallel()
	store := folder.New(t.TempDir())
	s, revision, _ := load(t, store, ends)
	fill(t, s, 20_000)
	save(t, store, s, revision)
	healthy := &recorder{Store: store}
	load(t, healthy, ends)
	if healthy.reads < 3 {
		t.Fatalf("loading the state took %d reads, so too few can fail", healthy.reads)
	}
	for call := range healthy.reads {
		broken := &recorder{Store: store, failAt: call + 1}
		if got, _, result, err := state.Load(t.Context(), broken, owner, ends); !errors.Is(err, errAway) {
			t.Errorf("call %d fails: got state %v, result %+v and error %v, want the error of the store", call, got != nil, result, err)
		}
	}
}

func TestANewerStateStopsTheRun(t *testing.T) {
	t.Parallel()
	store := folder.New(t.TempDir())
	s, revision, _ := load(t, store, ends)
	save(t, store, s, revision)
	name := stream(t, store, ends)
	if _, err := artifacttest.WriteAll(t.Context(), store, scope, name, []byte(`{"schemaVersion":2,"owner":{}}`+"\n")); err != nil {
		t.Fatal(err)
	}
	if _, _, result, err := state.Load(t.Context(), store, owner, ends); !errors.Is(err, artifact.ErrNewer) {
		t.Errorf("got result %+v and error %v, want ErrNewer", result, err)
	}
}

func TestOtherEndsAreAFirstRunAndTheOldStateIsKept(t *testing.T) {
	t.Parallel()
	store := folder.New(t.TempDir())
	s, revision, _ := load(t, store, ends)
	put(t, s.Links, link(directory.User, "li", state.Active))
	s.LastSequence = 4
	save(t, store, s, revision)

	elsewhere, revision, result := load(t, store, other)
	if !result.FirstRun || result.Rebuilt || !strings.Contains(result.Notice, "another") || elsewhere.Links.Count(directory.User) != 0 {
		t.Errorf("another target: got result %+v and %d users", result, elsewhere.Links.Count(directory.User))
	}
	elsewhere.LastSequence = 5
	save(t, store, elsewhere, revision)
	if got, err := state.LastSequence(t.Context(), store, owner); err != nil || got != 5 {
		t.Errorf("got last sequence %d and error %v, want 5", got, err)
	}
	back, revision, result := load(t, store, ends)
	if result != (state.LoadResult{}) || back.Links.Count(directory.User) != 1 {
		t.Errorf("back at the first target: got result %+v and %d users", result, back.Links.Count(directory.User))
	}
	back.LastSequence = 6
	save(t, store, back, revision)
	if got, err := state.LastSequence(t.Context(), store, owner); err != nil || got != 6 {
		t.Errorf("got last sequence %d and error %v, want 6", got, err)
	}
}

func TestAnOwnerRemembersAFewEndsAndLeavesNothingOfTheRest(t *testing.T) {
	t.Parallel()
	store := folder.New(t.TempDir())
	var used []int64
	for i := range 8 {
		s, revision, result := load(t, store, state.Identity{Source: "base", Target: strings.Repeat("x", i+1)})
		if !result.FirstRun {
			t.Errorf("pair %d: got result %+v, want a first run", i, result)
		}
		fill(t, s, 20_000)
		save(t, store, s, revision)
		usage, err := store.Usage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		used = append(used, usage.All)
	}
	if used[7] > used[2]+1000 {
		t.Errorf("eight pairs of ends use %d bytes and three use %d", used[7], used[2])
	}
}

func TestLastSequenceOfAnOwnerWithoutAState(t *testing.T) {
	t.Parallel()
	if got, err := state.LastSequence(t.Context(), folder.New(t.TempDir()), owner); err != nil || got != 0 {
		t.Errorf("got %d and error %v, want 0", got, err)
	}
}

func TestRemovalsWithin(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 30, 0, 0, time.FixedZone("CST", 8*3600))
	s := state.New(owner, ends)
	for _, at := range []struct {
		ago   time.Duration
		count int64
	}{{40 * 24 * time.Hour, 1000}, {0, 1}, {20 * time.Minute, 2}, {24 * time.Hour, 4}, {26 * time.Hour, 8}, {0, 0}} {
		s.AddRemovals(now.Add(-at.ago), at.count)
	}
	s.AddRemovals(now, 0)
	for _, c := range []struct {
		window time.Duration
		want   int64
	}{{0, 3}, {time.Hour, 3}, {24 * time.Hour, 7}, {48 * time.Hour, 15}, {1000 * 24 * time.Hour, 15}} {
		if got := s.RemovalsWithin(c.window, now); got != c.want {
			t.Errorf("within %s: got %d removals, want %d", c.window, got, c.want)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, digest := range map[string]string{
		"a value":           state.Digest([]byte("salt"), "cn", []string{"李雷"}),
		"another value":     state.Digest([]byte("salt"), "cn", []string{"韩梅梅"}),
		"another field":     state.Digest([]byte("salt"), "sn", []string{"李雷"}),
		"another salt":      state.Digest([]byte("pepper"), "cn", []string{"李雷"}),
		"no value":          state.Digest([]byte("salt"), "cn", nil),
		"an empty value":    state.Digest([]byte("salt"), "cn", []string{""}),
		"two values":        state.Digest([]byte("salt"), "cn", []string{"a", "b"}),
		"two values as one": state.Digest([]byte("salt"), "cn", []string{"ab"}),
		"field and value":   state.Digest([]byte("salt"), "c", []string{"n", "李雷"}),
	} {
		if len(digest) < 16 {
			t.Errorf("%s: the digest %q has less than 96 bits", name, digest)
		}
		if twin, found := seen[digest]; found {
			t.Errorf("%s and %s have the same digest", name, twin)
		}
		seen[digest] = name
	}
	if swapped := state.Digest([]byte("salt"), "cn", []string{"b", "a"}); seen[swapped] != "two values" {
		t.Error("the order of values, which means nothing, changes the digest")
	}
	if again := state.Digest([]byte("salt"), "cn", []string{"李雷"}); seen[again] != "a value" {
		t.Errorf("the same value has another digest the second time, that of %q", seen[again])
	}
}

func TestTheStoredStateTellsNoValueButNames(t *testing.T) {
	t.Parallel()
	store := folder.New(t.TempDir())
	s, revision, _ := load(t, store, ends)
	l := link(directory.User, "li", state.Active)
	l.Learned = []state.Learned{{Field: "mail", Wrote: state.Digest(s.Salt, "mail", []string{"LI@example.com"}), Reads: state.Digest(s.Salt, "mail", []string{"li@example.com"})}}
	put(t, s.Links, l)
	save(t, store, s, revision)
	r, err := artifact.Open(t.Context(), store, scope, stream(t, store, ends))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil || !strings.Contains(string(data), `"mail"`) || strings.Contains(strings.ToLower(string(data)), "li@example.com") {
		t.Errorf("got stored state %s and error %v", data, err)
	}
}
