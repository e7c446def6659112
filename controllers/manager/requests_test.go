package manager_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// requests counts what a manager asks the API server for.
type requests struct {
	mu sync.Mutex
	// streams are the watches that begin with all that there is, by kind and selector.
	streams map[string]int
	// lists are those of whole kinds.
	lists map[string]int
}

// count makes a configuration whose requests are counted.
func (r *requests) count(config *rest.Config) {
	r.streams, r.lists = map[string]int{}, map[string]int{}
	config.Wrap(func(inner http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			r.see(request)
			return inner.RoundTrip(request)
		})
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func (r *requests) see(request *http.Request) {
	query := request.URL.Query()
	words := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	// A list of all namespaces ends in the kind's name; /api/v1/pods is the shortest.
	if request.Method != http.MethodGet || slices.Contains(words, "namespaces") || len(words) < 3 || query.Get("limit") == "1" {
		return
	}
	what := strings.TrimSpace(words[len(words)-1] + " " + query.Get("labelSelector") + query.Get("fieldSelector"))
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case query.Get("sendInitialEvents") == "true":
		r.streams[what]++
	case query.Get("watch") == "":
		r.lists[what]++
	}
}

// checkLists: each kind is read once, as a stream; the runs that have ended and
// the others are two of them.
func (r *requests) checkLists(t *testing.T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kinds := map[string]int{}
	for what, number := range r.streams {
		kind, _, _ := strings.Cut(what, " ")
		kinds[kind] += number
	}
	want := map[string]int{"synctasks": 1, "syncruns": 2, "syncartifacts": 1, "syncapprovals": 1, "jobs": 1, "pods": 1}
	if !maps.Equal(kinds, want) {
		t.Errorf("a manager's start reads %v, want %v", fmt.Sprint(r.streams), want)
	}
	if len(r.lists) > 0 {
		t.Errorf("a manager lists whole kinds: %v", r.lists)
	}
}
