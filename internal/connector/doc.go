// Package connector defines what the engine asks of a directory: Source to read one, Target to keep one in step, and the typed
// errors by which the engine decides. A connector is a package below this one, with a configuration type and a constructor.
//
// Connectors classify what happens and the engine decides what follows. They know nothing of Kubernetes, plans or links.
package connector
