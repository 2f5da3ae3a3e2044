function greet() { return "Hello from the page"; }
