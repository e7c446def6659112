-- The health of a SyncTask for Argo CD. It is about the definition: how runs end shows in their own health.
local health = {status = "Progressing", message = "The manager has not looked at the task yet."}
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if status.observedGeneration ~= obj.metadata.generation then
  health.message = "The manager has not looked at the present definition yet."
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local annotations = obj.metadata.annotations or {}
local ready = conditions["Ready"]
if conditions["Stalled"] ~= nil and conditions["Stalled"].status == "True" then
  health.status = "Degraded"
  health.message = conditions["Stalled"].message
elseif conditions["Reconciling"] ~= nil and conditions["Reconciling"].status == "True" then
  health.message = conditions["Reconciling"].message
elseif ready ~= nil and ready.status == "True" then
  health.status = "Healthy"
  health.message = ready.message
  if annotations["synccenter.dev/hold"] ~= nil or obj.spec.suspend then
    health.status = "Suspended"
  elseif conditions["DeletionsPending"] ~= nil and conditions["DeletionsPending"].status == "True" then
    health.message = conditions["DeletionsPending"].message
  end
end
return health
