package runner

import (
	"context"

	"synccenter.dev/synccenter/internal/connector"
)

// resolver resolves the references of a side whose users were not all read, each once.
type resolver struct {
	ask func(reference string) (id string, ok bool, err error)
	// known are the references that were asked for; an empty ID names nobody.
	known map[string]string
	err   error
}

// newResolver prepares to resolve references. Where the directory cannot look for one, all users are read, once one is asked for.
func newResolver(ctx context.Context, from connector.Source) *resolver {
	r := &resolver{known: map[string]string{}}
	if finder, ok := from.(connector.Finder); ok {
		r.ask = func(reference string) (string, bool, error) { return finder.ResolveOne(ctx, reference) }
		return r
	}
	read := false
	r.ask = func(reference string) (string, bool, error) {
		if !read {
			read = true
			for _, err := range from.Users(ctx, nil) {
				if err != nil {
					return "", false, err
				}
			}
		}
		id, ok := from.Resolve(reference)
		return id, ok, nil
	}
	return r
}

// resolve is Resolve. After an error it knows nothing any more, and err says why.
func (r *resolver) resolve(reference string) (string, bool) {
	if r.err != nil {
		return "", false
	}
	id, asked := r.known[reference]
	if !asked {
		id, _, r.err = r.ask(reference)
		r.known[reference] = id
	}
	return id, id != ""
}
