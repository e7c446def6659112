// Package artifact stores what runs leave behind: named streams of bytes, cut into chunks that never change and made whole by a
// manifest that is written last. NewWriter and Open work over a small Store; the Kubernetes cluster and a folder are stores.
//
// A stream is replaced, never appended to. Each writing gets a version of its own by chance, so two writers never meet in a chunk;
// the manifest decides between them by compare-and-swap. Before its first chunk a writer notes its version in the manifest. So the next
// writer of the stream finds by name, without a list, what one that died has left, and removes it. What is small stands in the manifest
// itself and costs one write.
//
// The package knows nothing of what the streams mean.
package artifact
