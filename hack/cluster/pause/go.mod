module synccenter.dev/synccenter/hack/cluster/pause

go 1.26.0
