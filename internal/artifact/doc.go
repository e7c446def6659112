// Package artifact stores what runs leave behind: named, versioned streams of bytes, cut into chunks that never change and made
// whole by a manifest that is written last. Writer and Reader work over a small Store; the Kubernetes cluster and a folder are stores.
//
// It knows nothing of what the streams mean.
package artifact
