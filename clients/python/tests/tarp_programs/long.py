from owt import tarp
# The procedure to be called remotely
def my_long_function(x, y):
    import time
    time.sleep(10)  # Simulate a long-running operation
    return x + y

# Create a TARP server prototype
server = tarp.server.makeServer()
# Register the function with the server
server.addAsyncRPCEndpoint('my_long_function', my_long_function)
# Start the server
tarp.server.runServer(server, port=8080)
