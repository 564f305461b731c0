package stack

// Open reads the environment that stack/up left in a folder.
var Open = open

// StateDir is the folder that Get looks into.
var StateDir = stateDir

// Skip is what a test does that does not find what it needs.
var Skip = missing
