package artifact_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/folder"
)

func TestLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300_000)
	for _, c := range []struct {
		name, data string
		want       []string
		corrupt    bool
	}{
		{name: "nothing"},
		{name: "one line", data: "a\n", want: []string{"a"}},
		{name: "empty lines", data: "\n\na\n", want: []string{"", "", "a"}},
		{name: "lines longer than any buffer", data: long + "\na\n" + long + "\n", want: []string{long, "a", long}},
		{name: "the longest line", data: strings.Repeat("y", artifact.MaxLine) + "\n", want: []string{strings.Repeat("y", artifact.MaxLine)}},
		{name: "the last line is cut", data: "a\nb", want: []string{"a"}, corrupt: true},
		{name: "a line without an end in sight", data: strings.Repeat("z", 3*artifact.MaxLine), corrupt: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			var failed error
			for line, err := range artifact.Lines(strings.NewReader(c.data)) {
				if err != nil {
					failed = err
					break
				}
				got = append(got, string(line))
			}
			if !slices.Equal(got, c.want) || errors.Is(failed, artifact.ErrCorrupt) != c.corrupt {
				t.Errorf("got %d lines and error %v, want %d and corrupt %v", len(got), failed, len(c.want), c.corrupt)
			}
		})
	}
}

func TestLinesGiveTheErrorOfTheReader(t *testing.T) {
	t.Parallel()
	away := errors.New("the server is away")
	for line, err := range artifact.Lines(iotest.ErrReader(away)) {
		if !errors.Is(err, away) || errors.Is(err, artifact.ErrCorrupt) {
			t.Errorf("got line %q and error %v", line, err)
		}
	}
}

func TestWriteLineRefusesWhatCannotBeReadBack(t *testing.T) {
	t.Parallel()
	w, err := artifact.NewWriter(t.Context(), folder.New(t.TempDir()), artifact.Scope{Run: "run"}, "records", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]byte{[]byte("a\nb"), make([]byte, artifact.MaxLine+1)} {
		if err := w.WriteLine(line); err == nil {
			t.Errorf("a line of %d bytes was written", len(line))
		}
	}
	if err := w.WriteLine(make([]byte, artifact.MaxLine)); err != nil {
		t.Error(err)
	}
}

func TestAnyLinesComeBack(t *testing.T) {
	t.Parallel()
	store, scope := folder.New(t.TempDir()), artifact.Scope{Owner: "default/hr"}
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SliceOf(rapid.Byte().Filter(func(b byte) bool { return b != '\n' }))
		want := rapid.SliceOf(line).Draw(t, "lines")
		_, revision, err := artifact.Stat(t.Context(), store, scope, "records")
		if err != nil && !errors.Is(err, artifact.ErrNotFound) {
			t.Fatal(err)
		}
		w, err := artifact.NewWriter(t.Context(), store, scope, "records", revision)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range want {
			if err := w.WriteLine(line); err != nil {
				t.Fatal(err)
			}
		}
		content, _, err := w.Commit(t.Context())
		if err != nil || content.Lines != int64(len(want)) {
			t.Fatalf("got %d lines and error %v, want %d lines", content.Lines, err, len(want))
		}
		r, err := artifact.Open(t.Context(), store, scope, "records")
		if err != nil {
			t.Fatal(err)
		}
		var got [][]byte
		for line, err := range artifact.Lines(r) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, bytes.Clone(line))
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("got %d lines that are not the %d written", len(got), len(want))
		}
	})
}
