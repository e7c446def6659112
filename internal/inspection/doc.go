// Package inspection holds the documents of a look at the two directories of a task: what somebody asks for, in an annotation of the
// task, and what the pod that looked answers. The manager makes the pod and reads the answer about a check; people read all of them
// through the plugin. It does no looking itself.
package inspection
