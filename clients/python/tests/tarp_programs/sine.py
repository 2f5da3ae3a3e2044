from owt import tarp
# The procedure to be called remotely

lower=0
upper=10

#Function to set the lower and upper bounds for the sine wave plot
def set_params(params, body):
    global lower, upper
    if 'lower' in params:
        lower = float(params['lower'])
    if 'upper' in params:
        upper = float(params['upper'])
    return {'lower': lower, 'upper': upper}

# Function to generate data for a sine wave plot
def get_data(params, body):
    global lower, upper
    import numpy as np
    x = np.linspace(lower, upper, 100)
    y = np.sin(x)
    return {'x': x.tolist(), 'y': y.tolist()}

def get_plot(params, body):
    import matplotlib.pyplot as plt
    import numpy as np
    import io

    # get_data is still just a normal function
    result = get_data(params, body)
    x = np.array(result['x'])
    y = np.array(result['y'])

    global lower, upper
    plt.figure(figsize=(10, 5))
    plt.plot(x, y)
    plt.xlabel('x')
    plt.ylabel('sin(x)')
    plt.title('Sine Wave')
    plt.grid(True)
    buf = io.BytesIO()
    plt.savefig(buf, format='png')
    buf.seek(0)
    return tarp.server.rawPayload(buf.getvalue(), mimetype='image/png')

# Create a TARP server prototype
server = tarp.server.makeServer()
# Register the functions with the server
server.addGetEndpoint('set_params', set_params)
server.addGetEndpoint('get_data', get_data)
server.addGetEndpoint('get_plot', get_plot)

# Start the server
tarp.server.runServer(server, port=8080)
