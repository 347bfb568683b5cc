# Only the rules that tflint carries: those for AWS are a plugin, which can't be downloaded where CI runs. What they know of values,
# .ci/terraform/provider/values.go knows of what the templates use.
config {
  call_module_type = "local"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}

# The module's resources stand in files by their subject, not in main.tf alone.
rule "terraform_standard_module_structure" {
  enabled = false
}
